from __future__ import annotations

import time
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import suppress
from typing import Optional

from lensai.guard.waiting import Wait

_WAIT_MAX_SECONDS = 1.0
"""A collector that is slower than this is not waited for: calls go on as if there were no policy."""


class FirstPolicy:
    """The time before the first policy: a process that starts while a switch is on must not make one more call. Over when
    there is a policy, when there is none to be had, or when it takes too long.
    """

    def __init__(self, wait_max_seconds: float = _WAIT_MAX_SECONDS) -> None:
        self._over: Future[None] = Future()
        self._ends = time.monotonic() + wait_max_seconds

    @property
    def waiting(self) -> Optional[Wait]:
        """None when it is over."""
        left = self._ends - time.monotonic()
        return None if self._over.done() or left <= 0 else Wait(self._over, left)

    def wait(self, timeout_seconds: float) -> bool:
        """False when it takes longer, whatever calls do."""
        return bool(wait_for([self._over], timeout_seconds).done)

    def end(self) -> None:
        with suppress(InvalidStateError):
            self._over.set_result(None)
