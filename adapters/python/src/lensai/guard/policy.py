"""The policy document: what a process must know to admit or refuse its calls (format version 1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, TypeVar

from lensai.guard.price_layer import PriceLayer, parse_price_layer
from lensai.guard.scope_index import SCOPE_KEYS

T = TypeVar("T")

_VERSION = 1
_STALE_MODES = ("closed", "last_known", "open")
_SCOPE_VALUE_CHARACTERS_MAX = 256
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_NANO_USD = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)


class PolicyError(ValueError):
    """A policy that cannot be read; the message names the first field that is wrong."""


@dataclass(frozen=True)
class BudgetTerms:
    id: str
    name: str
    scope: Mapping[str, str]
    each: Optional[str]
    """Every value of this attribute has the whole amount for itself."""
    limit_nano_usd: int
    mode: str
    fail_mode: str
    unknown_price: str
    clamp: bool
    period_starts_at: str
    resets_at: Optional[str]
    later_resets_at: Tuple[str, ...] = ()
    """When the periods after the next one start."""
    window_ms: Optional[int] = None
    """Of a rolling window: what its slices of so long before spent counts as well."""


@dataclass(frozen=True)
class KillSwitch:
    id: str
    scope: Mapping[str, str]
    reason: str
    triggered_at: str


@dataclass(frozen=True)
class ControlPolicy:
    version: int
    issued_at: str
    """ISO 8601, UTC: when the console built it."""
    budgets: Tuple[BudgetTerms, ...]
    kill_switches: Tuple[KillSwitch, ...]
    max_staleness_seconds: Optional[int] = None
    """A process that has heard nothing of its policy for longer than this goes by `stale_mode`. None: never."""
    stale_mode: str = "closed"
    """`closed`, `last_known` or `open`."""
    prices: Optional[PriceLayer] = None
    """What the project pays where that is not what is published."""


def parse_policy(document: Any) -> ControlPolicy:
    """Raises PolicyError."""
    if not isinstance(document, dict):
        raise PolicyError("the policy is not an object")
    if document.get("formatVersion") != _VERSION or isinstance(document.get("formatVersion"), bool):
        raise PolicyError(f"formatVersion {str(document.get('formatVersion'))[:40]} is not supported")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise PolicyError("version is not a whole number")
    entry = _Entry(document, "policy")
    return ControlPolicy(
        version=version,
        issued_at=entry.time("issuedAt"),
        budgets=_section(document, "budgets", _budget),
        kill_switches=_section(document, "killSwitches", _kill_switch),
        max_staleness_seconds=entry.optional_whole("maxStalenessSeconds"),
        stale_mode=entry.one_of("staleMode", _STALE_MODES) if "staleMode" in document else "closed",
        prices=_prices_of(document),
    )


def _prices_of(document: Mapping[str, Any]) -> Optional[PriceLayer]:
    """Calls must not be held to other prices than they are billed by because a field got lost."""
    if "prices" not in document:
        return None
    try:
        return parse_price_layer(document["prices"])
    except ValueError as error:
        raise PolicyError(f"policy: prices: {error}") from None


def epoch_seconds(time: str) -> float:
    """Of a time as the policy has it."""
    whole, _, fraction = time.rstrip("Z").partition(".")
    moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


class _Entry:
    """One entry of a section, and where it stands: `budgets[3]`."""

    def __init__(self, fields: Mapping[str, Any], at: str) -> None:
        self.fields = fields
        self.at = at

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise PolicyError(f"{self.at}.{name} is not a string")
        return value

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise PolicyError(f"{self.at}.{name} is not true or false")
        return value

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        value = self.text(name)
        if value not in allowed:
            raise PolicyError(f'{self.at}.{name} is "{value[:40]}", not one of {", ".join(allowed)}')
        return value

    def time(self, name: str) -> str:
        value = self.text(name)
        try:
            if _TIME.fullmatch(value) is None:
                raise ValueError
            epoch_seconds(value)
        except ValueError:
            raise PolicyError(f"{self.at}.{name} is not a time as 2026-11-24T08:00:00.000Z") from None
        return value

    def later_resets(self, resets_at: Optional[str]) -> Tuple[str, ...]:
        values = self.fields.get("laterResetsAt")
        if resets_at is None or values is None:
            return ()
        if not isinstance(values, list):
            raise PolicyError(f"{self.at}.laterResetsAt is not a list of times")
        times = tuple(_Entry({"laterResetsAt": value}, self.at).time("laterResetsAt") for value in values)
        boundaries = [epoch_seconds(time) for time in (resets_at, *times)]
        if any(end <= start for start, end in zip(boundaries, boundaries[1:])):
            raise PolicyError(f"{self.at}.laterResetsAt does not go on from resetsAt in order")
        return times

    def optional_whole(self, name: str) -> Optional[int]:
        value = self.fields.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise PolicyError(f"{self.at}.{name} is not a whole number")
        return value

    def window_ms(self) -> Optional[int]:
        value = self.fields.get("windowMs")
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise PolicyError(f"{self.at}.windowMs is not a whole number of milliseconds")
        return value

    def nano_usd(self, name: str) -> int:
        value = self.text(name)
        if _NANO_USD.fullmatch(value) is None:
            raise PolicyError(f"{self.at}.{name} is not a whole amount of nano-USD in digits")
        return int(value)

    def scope(self) -> Mapping[str, str]:
        """An attribute that is not known is refused: a budget on less than it says would stop other calls."""
        scope = self.fields.get("scope")
        if not isinstance(scope, dict):
            raise PolicyError(f"{self.at}.scope is not an object")
        for name, value in scope.items():
            if name not in SCOPE_KEYS:
                raise PolicyError(f'{self.at}.scope has unknown "{name[:40]}"')
            if not isinstance(value, str) or not 0 < len(value) <= _SCOPE_VALUE_CHARACTERS_MAX:
                raise PolicyError(
                    f"{self.at}.scope.{name} is not a text of 1 to {_SCOPE_VALUE_CHARACTERS_MAX} characters"
                )
        return scope


def _section(document: Mapping[str, Any], name: str, parse: Callable[[_Entry], T]) -> Tuple[T, ...]:
    entries = document.get(name)
    if not isinstance(entries, list):
        raise PolicyError(f"{name} is not a list")
    parsed = []
    for index, fields in enumerate(entries):
        at = f"{name}[{index}]"
        if not isinstance(fields, dict):
            raise PolicyError(f"{at} is not an object")
        parsed.append(parse(_Entry(fields, at)))
    return tuple(parsed)


def _budget(entry: _Entry) -> BudgetTerms:
    each = entry.fields.get("each")
    if each is not None and each not in SCOPE_KEYS:
        raise PolicyError(f"{entry.at}.each is not the name of an attribute")
    starts_at = entry.time("periodStartsAt")
    resets_at = None if entry.fields.get("resetsAt") is None else entry.time("resetsAt")
    if resets_at is not None and epoch_seconds(resets_at) <= epoch_seconds(starts_at):
        raise PolicyError(f"{entry.at}.resetsAt is not after periodStartsAt")
    return BudgetTerms(
        id=entry.text("id"),
        name=entry.text("name"),
        scope=entry.scope(),
        each=each,
        limit_nano_usd=entry.nano_usd("limitNanoUsd"),
        mode=entry.one_of("mode", ("observe", "warn", "enforce")),
        fail_mode=entry.one_of("failMode", ("closed", "spend_lease_then_closed", "open")),
        unknown_price=entry.one_of("unknownPrice", ("block", "assume_family_max", "allow")),
        clamp=entry.flag("clamp"),
        period_starts_at=starts_at,
        resets_at=resets_at,
        later_resets_at=entry.later_resets(resets_at),
        window_ms=entry.window_ms(),
    )


def _kill_switch(entry: _Entry) -> KillSwitch:
    return KillSwitch(
        id=entry.text("id"),
        scope=entry.scope(),
        reason=entry.text("reason"),
        triggered_at=entry.time("triggeredAt"),
    )
