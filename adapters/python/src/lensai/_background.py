"""Threads that do not keep a process alive, and requests of ours that nobody makes spans of."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Callable, Iterator

from opentelemetry import context


def run_in_background(name: str, work: Callable[[], None]) -> None:
    """Raises RuntimeError at the end of the interpreter, which starts no threads any more."""
    threading.Thread(target=work, name=name, daemon=True).start()


@contextmanager
def without_instrumentation() -> Iterator[None]:
    """Instrumentation of HTTP clients makes no spans of what is sent inside."""
    token = context.attach(context.set_value("suppress_instrumentation", True))
    try:
        yield
    finally:
        context.detach(token)
