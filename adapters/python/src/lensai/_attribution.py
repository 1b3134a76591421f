from __future__ import annotations

from typing import Dict, Mapping, Optional

from opentelemetry import baggage, context
from opentelemetry.context import Context

from lensai import _attributes as names
from lensai._work import Work, WorkScope

ATTRIBUTE_NAMES: Mapping[str, str] = {
    "user": names.USER,
    "session": names.SESSION,
    "tenant": names.TENANT,
    "team": names.TEAM,
    "feature": names.FEATURE,
    "route": names.ROUTE,
}
"""By whom or what; also the names of the baggage entries that are read."""

_KEY = context.create_key("lensai.attribution")


class _Attribution(WorkScope):
    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values

    def begin(self) -> Work:
        inherited = context.get_value(_KEY)
        values = {**(inherited if isinstance(inherited, dict) else {}), **self._values}
        return Work(context.set_value(_KEY, values), lambda _: None)


def with_attribution(
    *,
    user: Optional[str] = None,
    session: Optional[str] = None,
    tenant: Optional[str] = None,
    team: Optional[str] = None,
    feature: Optional[str] = None,
    route: Optional[str] = None,
) -> WorkScope:
    """Attributes every call of a model inside of it, however deep and in whatever task, to these.

    `with`, `async with`, or a decorator over functions, coroutines and generators. Inner ones win, name by name.
    Nothing is written to baggage: HTTP instrumentation would send it to the provider.
    """
    given = {
        "user": user,
        "session": session,
        "tenant": tenant,
        "team": team,
        "feature": feature,
        "route": route,
    }
    return _Attribution({name: value for name, value in given.items() if value is not None})


def attribution_of(where: Optional[Context] = None) -> Dict[str, str]:
    """What is known about a call that is made in a context, by attribute name: what baggage brought from an earlier
    service, and over it what was set here.
    """
    own = context.get_value(_KEY, where)
    found: Dict[str, str] = {}
    for key, name in ATTRIBUTE_NAMES.items():
        value = own.get(key) if isinstance(own, dict) else None
        if value is None:
            value = baggage.get_baggage(name, where)
        if isinstance(value, str):
            found[name] = value
    return found
