"""What happens to the bytes of an answer on their way to the application. None of it raises."""

from __future__ import annotations

from typing import Callable, List, Optional

from lensai._never_throw import never_throw
from lensai.calls.observed_call import ObservedCall
from lensai.guard.errors import CallStoppedError
from lensai.wire.reader import ResponseReader, SseReader
from lensai.wire.sse import SseEvent
from lensai.wire.stream_usage import without_stream_usage


class AnswerObserver:
    """Reads an answer for its span; every byte goes on as it came."""

    is_rewriting = False

    def __init__(self, span: ObservedCall, reader: ResponseReader, decode: Callable[[bytes], bytes]) -> None:
        self._span = span
        self._reader = reader
        self._decode = decode
        self._has_ended = False
        self._metered = span.metered
        self.cut_off: Optional[CallStoppedError] = None
        """To be asked after every chunk: has the guard cut the answer off? Then its transport ends it with this error, for
        the application and towards the provider, and passes nothing more on.
        """

    def chunk(self, chunk: bytes) -> bytes:
        """Answers with what the application gets in place of the chunk: nothing that is not paid for."""
        passed = self._passed(chunk)
        if self._metered is not None and not self._has_ended:
            self.cut_off = self._metered.meter(self._reader.facts)
            if self.cut_off is not None:
                self.fail(self.cut_off)
        return passed if self.cut_off is None else b""

    def end(self) -> bytes:
        """The last byte was read; answers with what comes behind it."""
        self._close(True, None)
        return b""

    def fail(self, error: BaseException) -> None:
        """The body broke off; the application gets the same error."""
        self._close(False, error)

    def cancel(self) -> None:
        """The application does not want more."""
        self._close(False, None)

    def _passed(self, chunk: bytes) -> bytes:
        never_throw("reading an answer", self._read, chunk)
        return chunk

    def _read(self, chunk: bytes) -> None:
        self._span.chunk_arrived()
        if not self._reader.is_over:
            self._reader.push(self._decode(chunk))

    def _close(self, is_whole: bool, error: Optional[BaseException]) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        never_throw("reading the end of an answer", self._reader.end, is_whole)
        never_throw("ending a span", self._span.complete, self._reader.facts, error)


class HidingObserver(AnswerObserver):
    """The same, and takes out of the stream what is only there because the instrumentation asked for usage. What the
    application gets is not compressed.
    """

    is_rewriting = True

    def __init__(self, span: ObservedCall, reader: SseReader, decode: Callable[[bytes], bytes]) -> None:
        super().__init__(span, reader, decode)
        self._sse = reader

    def _passed(self, chunk: bytes) -> bytes:
        self._span.chunk_arrived()
        shown = never_throw("rewriting a stream", lambda: _shown(self._sse.pushed(self._decode(chunk))))
        return chunk if shown is None else shown

    def end(self) -> bytes:
        if self._has_ended:
            return b""
        self._has_ended = True
        rest = never_throw("rewriting a stream", lambda: _shown(self._sse.ended(True)))
        never_throw("ending a span", self._span.complete, self._reader.facts)
        return rest or b""


def _shown(events: List[SseEvent]) -> bytes:
    return "".join(without_stream_usage(event) for event in events).encode("utf-8", "surrogatepass")
