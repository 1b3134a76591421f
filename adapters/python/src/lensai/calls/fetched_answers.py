from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from opentelemetry.context import Context

from lensai._never_throw import never_throw
from lensai.calls.deferred_answers import DeferredAnswers, Fetching
from lensai.guard.guarded_call import GuardedCall
from lensai.spans.call_span import observed_context
from lensai.wire.call import call_of_answer
from lensai.wire.deferred_sources import DeferredSource
from lensai.wire.facts import ResponseFacts
from lensai.wire.reader import NdjsonReader, ResponseReader, create_response_reader

_PIECE_BYTES = 64 * 1024
"""A file that is read at once comes as one chunk: it is left in the middle as well."""


class FetchedAnswers:
    """One request that fetches answers. It has no span of its own: every answer that it brings has one."""

    metered: Optional[GuardedCall] = None

    def __init__(self, deferred: DeferredAnswers, source: DeferredSource, fetching: Fetching) -> None:
        self._deferred = deferred
        self._source = source
        self._fetching = fetching
        self.on_abandon: Optional[Callable[[], None]] = None

    def inside(self) -> Context:
        return observed_context(self._fetching.parent)

    def reader_of(self, headers: Mapping[str, str]) -> Optional[ResponseReader]:
        path = self._source.path
        call = call_of_answer(path.api, self._fetching.url)
        if call is None:
            return None
        reader = NdjsonReader(call) if path.is_lines else create_response_reader(call, headers)
        return None if reader is None else _LeavingReader(reader, self._find)

    def chunk_arrived(self) -> None:
        """Its time says nothing about an answer."""

    def fail(self, error: BaseException) -> None:
        self.on_abandon = None

    def refuse(self, status: int) -> None:
        self.on_abandon = None

    def complete(self, facts: ResponseFacts, error: Optional[BaseException] = None) -> None:
        self.on_abandon = None

    def abandon(self) -> None:
        """What has come is told."""
        if self.on_abandon is not None:
            self.on_abandon()

    def _find(self, body: Any) -> bool:
        """Is it something else than what is fetched here?"""
        found = self._source.find(body)
        self._deferred.add(found, self._fetching)
        return found.is_other


class _LeavingReader(ResponseReader):
    """Any file may be fetched where answers are: one that is none of them is not read on."""

    def __init__(self, reader: ResponseReader, find: Callable[[Any], bool]) -> None:
        self.call = reader.call
        self.facts = reader.facts
        self._reader = reader
        self._find = find
        self._is_other: Optional[bool] = None
        self.facts.on_body = lambda body: never_throw("reading what was fetched", self._read, body)

    @property
    def is_over(self) -> bool:
        # A file that begins with no line at all is none of ours either.
        return self.facts.problem == "body_malformed" if self._is_other is None else self._is_other

    def push(self, chunk: bytes) -> None:
        for at in range(0, len(chunk), _PIECE_BYTES):
            if self.is_over:
                return
            self._reader.push(chunk[at : at + _PIECE_BYTES])

    def end(self, is_whole: bool) -> None:
        if not self.is_over:
            self._reader.end(is_whole)

    def _read(self, body: Any) -> None:
        # What came in the same chunk as the beginning of another file is none of ours, as what comes later.
        if self.is_over:
            return
        is_other = self._find(body)
        if self._is_other is None:
            self._is_other = is_other
