"""Readers of answers: they see the bytes in passing, whatever the borders of their chunks."""

from __future__ import annotations

import base64
import codecs
import re
from abc import ABC, abstractmethod
from typing import Any, List, Mapping, Optional

from lensai.wire.call import WireCall
from lensai.wire.event_stream import EventStreamMessage, EventStreamParser
from lensai.wire.answer_cache import is_from_cache
from lensai.wire.facts import ResponseFacts, add_header_usage, add_output_text, add_to_facts
from lensai.wire.json_path import parse_json
from lensai.wire.sse import SseEvent, SseParser

_JSON_BYTES_MAX = 16 * 1024 * 1024
"""A longer body of an answer is not kept for reading: with hundreds of calls at once it would be the application's
memory. Only embeddings of thousands of texts are longer."""

_EVENT_LENGTH_MAX = 8 * 1024 * 1024
"""One event of a stream: the last one of the responses API repeats the whole answer, images included."""


# Imported now: a process that is forked while a thread reads its first answer would wait for that import for ever.
codecs.lookup("utf-8-sig")


class ResponseReader(ABC):
    def __init__(self, call: WireCall) -> None:
        self.call = call
        self.facts = ResponseFacts()

    @property
    def is_over(self) -> bool:
        """Is nothing read of what comes now?"""
        return False

    @abstractmethod
    def push(self, chunk: bytes) -> None: ...

    @abstractmethod
    def end(self, is_whole: bool) -> None:
        """The body came to its end: to the last byte, or not."""

    def _is_settled(self, is_whole: bool) -> bool:
        """Has a stream said all that it had to say? Some report usage last, some never, some no reason to end."""
        facts = self.facts
        if facts.error_type is not None:
            return True
        if "finishReasons" in self.call.api.response and not facts.finish_reasons_by_index:
            return False
        return facts.has_usage or is_whole

    def _add_event(self, event: Any) -> None:
        add_to_facts(self.call, event, self.facts)
        add_output_text(self.call, event, self.facts)


_NDJSON_TYPES = frozenset(
    ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/stream+json"]
)
"""One JSON document per line."""


def create_response_reader(call: WireCall, headers: Mapping[str, str]) -> Optional[ResponseReader]:
    """A reader for the content type that the answer has; None for one that no API of ours has. `headers` are by
    lower-case name.
    """
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    reader = _reader_of_type(call, kind)
    if reader is not None:
        add_header_usage(call, headers, reader.facts)
        reader.facts.is_from_cache = is_from_cache(headers)
    return reader


def _reader_of_type(call: WireCall, kind: str) -> Optional[ResponseReader]:
    if kind == "text/event-stream":
        return SseReader(call)
    if kind == "application/vnd.amazon.eventstream":
        return EventStreamReader(call)
    if kind == "application/json" or kind.endswith("+json"):
        return JsonReader(call)
    if kind in _NDJSON_TYPES:
        return NdjsonReader(call)
    plain = call.api.response.get("plainTypes")
    is_plain = plain is not None and re.search(plain, kind) is not None
    return PlainReader(call) if is_plain else None


class JsonReader(ResponseReader):
    def __init__(self, call: WireCall) -> None:
        super().__init__(call)
        self._parts: List[bytes] = []
        self._length = 0

    def push(self, chunk: bytes) -> None:
        if self._length > _JSON_BYTES_MAX:
            return
        self._length += len(chunk)
        if self._length > _JSON_BYTES_MAX:
            self._parts = []
        else:
            self._parts.append(bytes(chunk))

    def end(self, is_whole: bool) -> None:
        if self._length > _JSON_BYTES_MAX:
            self.facts.problem = "body_too_large"
        elif not is_whole:
            self.facts.problem = "stream_broken_off"
        else:
            self._read(b"".join(self._parts))
        self._parts = []

    def _read(self, data: bytes) -> None:
        try:
            body = parse_json(data.decode("utf-8-sig", "replace"))
            # Gemini streams an array of answers when it is not asked for events.
            for part in body if isinstance(body, list) else [body]:
                add_to_facts(self.call, part, self.facts)
        except ValueError:
            self.facts.problem = "body_malformed"


class SseReader(ResponseReader):
    """Also what rewrites a stream needs: the events, as they are complete."""

    def __init__(self, call: WireCall) -> None:
        super().__init__(call)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parser = SseParser(_EVENT_LENGTH_MAX)
        self._is_done = False
        """The last event of OpenAI's streams came: their SDK does not read on, and leaves."""

    def push(self, chunk: bytes) -> None:
        self.pushed(chunk)

    def pushed(self, chunk: bytes) -> List[SseEvent]:
        """The same, and answers with the events that the chunk completes."""
        events = self._parser.push(self._decoder.decode(chunk))
        for event in events:
            self._read(event)
        return events

    def end(self, is_whole: bool) -> None:
        self.ended(is_whole)

    def ended(self, is_whole: bool) -> List[SseEvent]:
        """The same, and answers with what is left."""
        left = self._parser.push(self._decoder.decode(b"", True))
        last = self._parser.end()
        if last is not None:
            left.append(last)
        if is_whole:
            for event in left:
                self._read(event)
        if not self._is_settled(is_whole or self._is_done) and self.facts.problem is None:
            self.facts.problem = "stream_broken_off"
        return left

    def _read(self, event: SseEvent) -> None:
        if event.is_too_long:
            self.facts.problem = "body_too_large"
        if event.data == "[DONE]":
            self._is_done = True
        if event.data is None or event.data in ("", "[DONE]"):
            return
        try:
            self._add_event(parse_json(event.data))
        except ValueError:
            self.facts.problem = self.facts.problem or "body_malformed"


class NdjsonReader(ResponseReader):
    """A stream of JSON documents, each on a line of its own."""

    def __init__(self, call: WireCall) -> None:
        super().__init__(call)
        self._parts: List[bytes] = []
        self._length = 0

    def push(self, chunk: bytes) -> None:
        *lines, last = bytes(chunk).split(b"\n")
        for line in lines:
            self._end_line(line)
        self._hold(last)

    def end(self, is_whole: bool) -> None:
        if is_whole:
            self._end_line(b"")
        if not self._is_settled(is_whole):
            self.facts.problem = self.facts.problem or "stream_broken_off"

    def _hold(self, data: bytes) -> None:
        self._length += len(data)
        if self._length > _EVENT_LENGTH_MAX:
            self.facts.problem = "body_too_large"
            self._parts = []
        elif data:
            self._parts.append(data)

    def _end_line(self, data: bytes) -> None:
        self._hold(data)
        line, is_too_long = b"".join(self._parts), self._length > _EVENT_LENGTH_MAX
        self._parts, self._length = [], 0
        if is_too_long or not line.strip():
            return
        try:
            self._add_event(parse_json(line))
        except ValueError:
            self.facts.problem = self.facts.problem or "body_malformed"


class PlainReader(ResponseReader):
    """What comes is the product itself: only its end tells something."""

    def push(self, chunk: bytes) -> None:
        pass

    def end(self, is_whole: bool) -> None:
        if not is_whole:
            self.facts.problem = "stream_broken_off"


class EventStreamReader(ResponseReader):
    def __init__(self, call: WireCall) -> None:
        super().__init__(call)
        self._parser = EventStreamParser(_EVENT_LENGTH_MAX)

    def push(self, chunk: bytes) -> None:
        for message in self._parser.push(chunk):
            self._read(message)
        if self._parser.is_broken:
            self.facts.problem = "body_malformed"

    def end(self, is_whole: bool) -> None:
        if not self._is_settled(is_whole and not self._parser.is_in_message):
            self.facts.problem = self.facts.problem or "stream_broken_off"

    def _read(self, message: EventStreamMessage) -> None:
        exception = message.headers.get(":exception-type") or message.headers.get(":error-code")
        if exception is not None:
            self.facts.error_type = exception
            return
        try:
            self._add_event(_event_of(message.headers.get(":event-type", ""), parse_json(message.payload)))
        except ValueError:
            self.facts.problem = self.facts.problem or "body_malformed"


def _event_of(kind: str, message: Any) -> Any:
    """InvokeModel wraps the events of the model's own provider; Converse has one type of event per message."""
    wrapped = message.get("bytes") if isinstance(message, dict) else None
    if kind != "chunk" or not isinstance(wrapped, str):
        return {kind: message}
    return parse_json(base64.b64decode(wrapped))
