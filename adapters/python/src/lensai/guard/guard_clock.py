from __future__ import annotations

from typing import Callable

_TOLERANCE_SECONDS = 2.0
"""Nearer to the ledger's clock than this, a clock is right; the rest is how long messages take."""


class GuardClock:
    """The time by which calls are decided about; seconds since the epoch. That of this machine, unless the ledger has told
    that it is wrong: by a clock of its own, a process would begin periods too early, and go by prices that no longer hold.
    """

    def __init__(self, machine_seconds: Callable[[], float]) -> None:
        self._machine_seconds = machine_seconds
        self._ahead = 0.0
        self._latest = float("-inf")

    def now(self) -> float:
        """A clock that is set back must not start a period a second time."""
        self._latest = max(self._latest, self._machine_seconds() - self._ahead)
        return self._latest

    def hear(self, ledger_seconds: float, took_seconds: float) -> None:
        """The ledger's clock showed this at some time during the `took_seconds` before now."""
        ahead = self._machine_seconds() - (ledger_seconds + took_seconds / 2)
        if abs(ahead - self._ahead) > _TOLERANCE_SECONDS + took_seconds / 2:
            self._ahead = ahead
            self._latest = float("-inf")
