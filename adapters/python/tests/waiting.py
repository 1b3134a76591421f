from __future__ import annotations

import time
from typing import Any, Callable


def until(condition: Callable[[], Any], timeout_seconds: float = 10.0) -> Any:
    """Waits for the condition, and answers with what it is then."""
    ends = time.monotonic() + timeout_seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.005)
