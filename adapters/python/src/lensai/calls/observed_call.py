from __future__ import annotations

from typing import Callable, Mapping, Optional, Protocol

from opentelemetry.context import Context

from lensai.guard.guarded_call import GuardedCall
from lensai.wire.facts import ResponseFacts
from lensai.wire.reader import ResponseReader


class ObservedCall(Protocol):
    """What an attempt tells of its request and its answer."""

    on_abandon: Optional[Callable[[], None]]
    """Ends it with what was read of the answer so far."""

    @property
    def metered(self) -> Optional[GuardedCall]:
        """What holds the stream to what is reserved for it; None where nothing does."""

    def inside(self) -> Context:
        """What the request itself runs in."""

    def reader_of(self, headers: Mapping[str, str]) -> Optional[ResponseReader]:
        """The answer has begun: what reads it. None when nobody does; then it has ended."""

    def chunk_arrived(self) -> None:
        """A part of the body has come."""

    def fail(self, error: BaseException) -> None:
        """There is no answer: `error` is what the application gets."""

    def refuse(self, status: int) -> None:
        """The provider refused."""

    def complete(self, facts: ResponseFacts, error: Optional[BaseException] = None) -> None:
        """The answer was read as far as it was. `error` is what cut it off, when it was not the caller."""

    def abandon(self) -> None:
        """Nobody will read on."""
