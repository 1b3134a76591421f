"""Readers of answers: they see the bytes in passing, whatever the borders of their chunks."""

from __future__ import annotations

import base64
import codecs
from abc import ABC, abstractmethod
from typing import Any, List, Optional

from lensai.wire.call import WireCall
from lensai.wire.event_stream import EventStreamMessage, EventStreamParser
from lensai.wire.facts import ResponseFacts, add_output_text, add_to_facts
from lensai.wire.json_path import parse_json
from lensai.wire.sse import SseEvent, SseParser

_JSON_BYTES_MAX = 16 * 1024 * 1024
"""A longer body of an answer is not kept for reading: with hundreds of calls at once it would be the application's
memory. Only embeddings of thousands of texts are longer."""

_EVENT_LENGTH_MAX = 8 * 1024 * 1024
"""One event of a stream: the last one of the responses API repeats the whole answer, images included."""


class ResponseReader(ABC):
    def __init__(self, call: WireCall) -> None:
        self.call = call
        self.facts = ResponseFacts()

    @abstractmethod
    def push(self, chunk: bytes) -> None: ...

    @abstractmethod
    def end(self, is_whole: bool) -> None:
        """The body came to its end: to the last byte, or not."""

    def _is_settled(self, is_whole: bool) -> bool:
        """Has a stream said all that it had to say? Some report usage last, some never."""
        facts = self.facts
        if facts.error_type is not None:
            return True
        return bool(facts.finish_reasons_by_index) and (facts.has_usage or is_whole)

    def _add_event(self, event: Any) -> None:
        add_to_facts(self.call, event, self.facts)
        add_output_text(self.call, event, self.facts)


def create_response_reader(call: WireCall, content_type: str) -> Optional[ResponseReader]:
    """A reader for the content type that the answer has; None for one that no API of ours has."""
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind == "text/event-stream":
        return SseReader(call)
    if kind == "application/vnd.amazon.eventstream":
        return EventStreamReader(call)
    if kind == "application/json" or kind.endswith("+json"):
        return JsonReader(call)
    return None


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
