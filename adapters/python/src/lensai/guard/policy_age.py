from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

from lensai.guard.policy import ControlPolicy

_TOLD_FROM_SECONDS = 60
"""Collectors say something every 15 seconds: one that is heard is not worth a word."""


@dataclass(frozen=True)
class PolicyAge:
    """How old the policy is that decides about a call."""

    stale_seconds: int
    stale_mode: Optional[str]
    """What becomes of the call for that reason; None while the policy is not too old."""


def policy_age(policy: Optional[ControlPolicy], silent_seconds: Optional[float]) -> Optional[PolicyAge]:
    """None while there is nothing to say: it is heard, or it comes from a file."""
    if policy is None or silent_seconds is None:
        return None
    stale_seconds = math.floor(silent_seconds)
    most = policy.max_staleness_seconds
    is_too_old = most is not None and stale_seconds > most
    if not is_too_old and stale_seconds < _TOLD_FROM_SECONDS:
        return None
    return PolicyAge(stale_seconds, policy.stale_mode if is_too_old else None)
