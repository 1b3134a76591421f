"""Work that has to wait in the middle, for threads and for coroutines alike: a generator of what it waits for."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any, Generator, TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Wait:
    """Until this is done, but no longer."""

    until: Future[Any]
    timeout_seconds: float


Waiting = Generator[Wait, None, T]


def wait_in_thread(work: Waiting[T]) -> T:
    while True:
        try:
            wait = next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        wait_for([wait.until], max(0.0, wait.timeout_seconds))


async def wait_in_task(work: Waiting[T]) -> T:
    """The loop goes on meanwhile, whichever it is."""
    while True:
        try:
            wait = next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        await _done(wait)


async def _done(wait: Wait) -> None:
    if wait.until.done():
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        await _polled(wait)
        return
    await asyncio.wait([asyncio.wrap_future(wait.until, loop=loop)], timeout=max(0.0, wait.timeout_seconds))


async def _polled(wait: Wait) -> None:
    """Under trio. anyio is there: no HTTP client of ours runs under trio without it."""
    import anyio

    ends = time.monotonic() + wait.timeout_seconds
    while not wait.until.done() and time.monotonic() < ends:
        await anyio.sleep(_POLL_SECONDS)
