from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Dict, List, Mapping

_PRELUDE_BYTES = 12
"""Lengths of the message and its headers, and their checksum."""
_CHECKSUM_BYTES = 4
_STRING_TYPE = 7

_VALUE_BYTES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header value by its type; types 6 and 7 say their length themselves."""


@dataclass(frozen=True)
class EventStreamMessage:
    """One message of an application/vnd.amazon.eventstream."""

    headers: Mapping[str, str]
    """Values of the headers that are text, by name (":event-type", ":exception-type")."""
    payload: bytes


class EventStreamParser:
    """Splits AWS's binary event stream into messages, whatever the borders of its chunks. Checksums are the SDK's
    business. A message above `limit` bytes, or one that cannot be, ends the parsing: `is_broken`.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = b""
        self.is_broken = False

    def push(self, chunk: bytes) -> List[EventStreamMessage]:
        if self.is_broken:
            return []
        data = self._held + chunk
        messages: List[EventStreamMessage] = []
        at = 0
        while len(data) - at >= _PRELUDE_BYTES:
            length, headers_length = struct.unpack_from(">II", data, at)
            if length > self._limit or length < _PRELUDE_BYTES + headers_length + _CHECKSUM_BYTES:
                self.is_broken = True
                at = len(data)
                break
            if len(data) - at < length:
                break
            headers_end = at + _PRELUDE_BYTES + headers_length
            try:
                headers = _text_headers(data[at + _PRELUDE_BYTES : headers_end])
            except (IndexError, struct.error):
                # They say that they go beyond their end.
                self.is_broken = True
                at = len(data)
                break
            messages.append(EventStreamMessage(headers, data[headers_end : at + length - _CHECKSUM_BYTES]))
            at += length
        self._held = data[at:]
        return messages

    @property
    def is_in_message(self) -> bool:
        """Is there a part of a message that was not completed?"""
        return len(self._held) > 0


def _text_headers(data: bytes) -> Dict[str, str]:
    headers: Dict[str, str] = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        kind = data[name_end]
        start = name_end + 1
        size = _VALUE_BYTES.get(kind)
        if size is None:
            (size,) = struct.unpack_from(">H", data, start)
            start += 2
        if kind == _STRING_TYPE:
            name = data[at + 1 : name_end].decode("utf-8", "replace")
            headers[name] = data[start : start + size].decode("utf-8", "replace")
        at = start + size
    return headers
