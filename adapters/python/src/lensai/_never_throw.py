from __future__ import annotations

import logging
from typing import Any, Callable, Optional, Set, TypeVar

_logger = logging.getLogger("lensai")

T = TypeVar("T")

_REPORTS_MAX = 20
"""One report per failure and process is enough to find it; more would be a log of its own."""

_reported: Set[str] = set()


def never_throw(what: str, run: Callable[..., T], *args: Any) -> Optional[T]:
    """Runs a part of the instrumentation. Whatever it raises stays here, and is logged once: the program that is
    observed must not notice. None when it raised.
    """
    try:
        return run(*args)
    except Exception as error:
        report(what, error)
        return None


def report(what: str, error: BaseException) -> None:
    """Logs the kind of a failure; its message may quote what was being read: content."""
    try:
        kind = type(error).__name__
        key = f"{what} {kind}"
        if len(_reported) >= _REPORTS_MAX or key in _reported:
            return
        _reported.add(key)
        _logger.error("lensai: %s failed with %s; the call itself goes on", what, kind)
    except Exception:
        # A log handler of the application that raises is not ours to mend.
        pass
