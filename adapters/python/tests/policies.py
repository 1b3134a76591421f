"""Policies as a collector serves them, small."""

from __future__ import annotations

from typing import Any, Dict

START = "2026-11-01T00:00:00.000Z"


def budget(**more: Any) -> Dict[str, Any]:
    return {
        "id": "b1",
        "name": "support",
        "scope": {},
        "limitNanoUsd": "1000",
        "mode": "enforce",
        "failMode": "spend_lease_then_closed",
        "unknownPrice": "block",
        "clamp": False,
        "periodStartsAt": START,
        **more,
    }


def policy(*budgets: Any, kill_switches: Any = (), **more: Any) -> Dict[str, Any]:
    return {
        "formatVersion": 1,
        "version": 3,
        "issuedAt": START,
        "budgets": list(budgets),
        "killSwitches": list(kill_switches),
        **more,
    }


SWITCH = {"id": "k1", "scope": {}, "reason": "runaway agent", "triggeredAt": START}
