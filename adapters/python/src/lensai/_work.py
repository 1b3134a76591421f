"""Pieces of work that are marked in OpenTelemetry's context, as `with` blocks and as decorators."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    AsyncGenerator,
    Callable,
    Generator,
    Iterator,
    List,
    Optional,
    Tuple,
    Type,
    TypeVar,
    cast,
)

from opentelemetry import context
from opentelemetry.context import Context

from lensai._never_throw import never_throw

if TYPE_CHECKING:
    from typing_extensions import Self

F = TypeVar("F", bound=Callable[..., Any])


class Work:
    """One run of a piece of work: the context that it runs in, and what happens at its end."""

    def __init__(self, inside: Optional[Context], end: Callable[[Optional[BaseException]], None]) -> None:
        self._inside = inside
        self._end = end

    @contextmanager
    def active(self) -> Iterator[None]:
        token = None if self._inside is None else context.attach(self._inside)
        try:
            yield
        finally:
            if token is not None:
                context.detach(token)

    def attach(self) -> Any:
        return None if self._inside is None else context.attach(self._inside)

    def end(self, error: Optional[BaseException]) -> None:
        never_throw("ending a piece of work", self._end, error)


class _Entered:
    """A run that a block is inside of."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.token = work.attach()


_entered_here: ContextVar[Tuple[_Entered, ...]] = ContextVar("lensai_entered", default=())
"""What this thread or task is inside of, outermost first."""


class WorkScope(ABC):
    """`with scope:`, `async with scope:` and `@scope`, over functions of all four kinds, also in several threads and tasks
    at once.

    A generator is inside of its work only while it runs: between two values the context is its reader's.
    """

    def __init__(self) -> None:
        self._entered: List[_Entered] = []

    @abstractmethod
    def begin(self) -> Work:
        """Starts one run."""

    def __enter__(self) -> Self:
        entered = _Entered(self._started())
        self._entered.append(entered)
        _entered_here.set((*_entered_here.get(), entered))
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        entered = self._latest()
        self._entered.remove(entered)
        _entered_here.set(tuple(one for one in _entered_here.get() if one is not entered))
        if entered.token is not None:
            context.detach(entered.token)
        entered.work.end(error)

    def _latest(self) -> _Entered:
        """What this thread or task has entered last; whatever was, where a block ends in another one than it began in."""
        here = [one for one in _entered_here.get() if one in self._entered]
        return here[-1] if here else self._entered[-1]

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        return cast(F, _decorated(function, self._started))

    def _started(self) -> Work:
        return never_throw("starting a piece of work", self.begin) or Work(None, lambda _: None)


def _decorated(function: Callable[..., Any], start: Callable[[], Work]) -> Callable[..., Any]:
    wrapped: Callable[..., Any]
    if inspect.isasyncgenfunction(function):

        async def wrapped(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            steps = _async_steps(function(*args, **kwargs), start())
            try:
                async for value in steps:
                    yield value
            finally:
                await steps.aclose()

    elif inspect.isgeneratorfunction(function):

        def wrapped(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from _steps(function(*args, **kwargs), start()))

    elif inspect.iscoroutinefunction(function):

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            work = start()
            try:
                with work.active():
                    result = await function(*args, **kwargs)
            except BaseException as error:
                work.end(error)
                raise
            work.end(None)
            return result

    else:

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            work = start()
            try:
                with work.active():
                    result = function(*args, **kwargs)
            except BaseException as error:
                work.end(error)
                raise
            work.end(None)
            return result

    return functools.wraps(function)(wrapped)


def _steps(source: Generator[Any, Any, Any], work: Work) -> Generator[Any, Any, Any]:
    resume: Callable[[Any], Any] = source.send
    sent: Any = None
    failure: Optional[BaseException] = None
    try:
        while True:
            try:
                with work.active():
                    value = resume(sent)
            except StopIteration as stop:
                return stop.value
            except BaseException as error:
                failure = error
                raise
            try:
                sent, resume = (yield value), source.send
            except GeneratorExit:
                # Its reader wants no more: that is no failure.
                with work.active():
                    source.close()
                raise
            except BaseException as error:
                sent, resume = error, source.throw
    finally:
        work.end(failure)


async def _async_steps(source: AsyncGenerator[Any, Any], work: Work) -> AsyncGenerator[Any, Any]:
    resume: Callable[[Any], Any] = source.asend
    sent: Any = None
    failure: Optional[BaseException] = None
    try:
        while True:
            try:
                with work.active():
                    value = await resume(sent)
            except StopAsyncIteration:
                return
            except BaseException as error:
                failure = error
                raise
            try:
                sent, resume = (yield value), source.asend
            except GeneratorExit:
                with work.active():
                    await source.aclose()
                raise
            except BaseException as error:
                sent, resume = error, source.athrow
    finally:
        work.end(failure)
