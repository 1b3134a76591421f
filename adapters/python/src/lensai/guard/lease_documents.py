"""What a process and the ledger of its project tell each other about leases: `POST /v1/leases` of a collector. Every
message has all of a lease, from its beginning: one that is lost, comes twice or comes late does no harm. Amounts are
nano-USD in digits, times durations, since the clocks of two machines meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping

LEASES_PER_REQUEST_MAX = 256
"""A process with more budgets and values than this asks in several requests."""

_VALUE_UNITS_MAX = 512
_STATES = ("granted", "exhausted", "refused")
_NANO_USD = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)


@dataclass(frozen=True)
class LeaseGrant:
    """One lease as the ledger has it after a request."""

    state: str
    """`granted`, `exhausted` (nothing more is left) or `refused` (no such budget, or its period is not now)."""
    granted_nano: int
    """In all."""
    keep_nano: int
    """How much the process may keep beyond what is spent and reserved. The rest is to be given back."""
    ttl_seconds: float
    """From when the request was sent: nothing may be admitted with the lease afterwards, unless it was renewed."""
    retry_after_seconds: float
    free_nano: int
    """Of the whole budget: neither spent nor lent to any process. 0 from a console of an earlier version."""
    lent_nano: int
    """Lent to other processes and not spent by them: it may come back. 0 as well."""


@dataclass(frozen=True)
class LedgerAnswer:
    grants: Mapping[str, LeaseGrant]
    """By the id of the lease."""
    now: float
    """By the ledger's clock; seconds since the epoch."""


def lease_request(instance_id: str, sequence: int, leases: List[Dict[str, Any]]) -> Dict[str, Any]:
    return {"instanceId": instance_id, "sequence": sequence, "leases": leases}


def ledger_value_of(value: str) -> str:
    """A value of an attribute as ledgers are named by it: databases keep no NUL, and no index has room for texts of any
    length. Its length is counted in UTF-16 units.
    """
    units = value.replace("\0", "").encode("utf-16-le", "surrogatepass")[: 2 * _VALUE_UNITS_MAX]
    return units.decode("utf-16-le", "surrogatepass")


def digits(nano: float) -> str:
    return str(max(0, round(nano)))


def parse_ledger_answer(document: Any) -> LedgerAnswer:
    """Raises ValueError, naming the first field that is wrong."""
    if not isinstance(document, dict) or not isinstance(document.get("leases"), list):
        raise ValueError("the lease answer has no list of leases")
    grants = dict(_grant(fields, f"leases[{index}]") for index, fields in enumerate(document["leases"]))
    return LedgerAnswer(grants, _whole(document, "nowUnixMs", "answer") / 1000)


def _grant(fields: Any, at: str) -> Any:
    if not isinstance(fields, dict) or not isinstance(fields.get("leaseId"), str):
        raise ValueError(f"{at}.leaseId is not a text")
    if fields.get("state") not in _STATES:
        raise ValueError(f"{at}.state is not one of {', '.join(_STATES)}")
    return fields["leaseId"], LeaseGrant(
        state=fields["state"],
        granted_nano=_nano_usd(fields, "grantedNanoUsd", at),
        keep_nano=_nano_usd(fields, "keepNanoUsd", at),
        ttl_seconds=_whole(fields, "ttlMs", at) / 1000,
        retry_after_seconds=_whole(fields, "retryAfterMs", at) / 1000,
        free_nano=_nano_usd(fields, "freeNanoUsd", at) if "freeNanoUsd" in fields else 0,
        lent_nano=_nano_usd(fields, "lentNanoUsd", at) if "lentNanoUsd" in fields else 0,
    )


def _nano_usd(fields: Mapping[str, Any], name: str, at: str) -> int:
    value = fields.get(name)
    if not isinstance(value, str) or _NANO_USD.fullmatch(value) is None:
        raise ValueError(f"{at}.{name} is not a whole amount of nano-USD in digits")
    return int(value)


def _whole(fields: Mapping[str, Any], name: str, at: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{at}.{name} is not a whole number")
    return value
