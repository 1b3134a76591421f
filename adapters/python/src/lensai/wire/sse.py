from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Optional, Tuple

_LINE_END = re.compile(r"\r\n|\n|\r")
_DATA = re.compile(r"data(?:: ?(.*))?", re.DOTALL)


@dataclass(frozen=True)
class SseEvent:
    """One event of a text/event-stream."""

    raw: str
    """As it came, with its line ends and the empty line behind it."""
    data: Optional[str]
    """The lines of `data`, joined; None when there are none, as in a comment."""
    is_too_long: bool = False
    """Only a part of an event that is longer than the limit; `data` is None."""


class SseParser:
    """Splits a text/event-stream into events, whatever the borders of its chunks. It holds at most `limit` characters
    of an event that is not complete, and passes longer ones on in parts. The `raw` texts of all events, joined, are
    what was pushed.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._text = ""
        self._line = 0
        """Start of the line that is being read."""
        self._searched = 0
        """Up to here there is no end of the line: a long line is searched once."""
        self._is_too_long = False

    def push(self, chunk: str) -> List[SseEvent]:
        """The events that are complete with this chunk."""
        events: List[SseEvent] = []
        self._text += chunk
        end = self._line_end()
        while end is not None:
            at, following = end
            is_blank = at == self._line
            self._line = self._searched = following
            if is_blank:
                events.append(self._take(self._line))
                self._is_too_long = False
            end = self._line_end()
        if len(self._text) > self._limit:
            self._is_too_long = True
            events.append(self._take(len(self._text)))
        return events

    def end(self) -> Optional[SseEvent]:
        """What came after the last empty line: some servers leave out the last one."""
        return None if self._text == "" else self._take(len(self._text))

    def _take(self, length: int) -> SseEvent:
        raw, self._text = self._text[:length], self._text[length:]
        self._line = self._searched = 0
        return SseEvent(raw, None if self._is_too_long else _data_of(raw), self._is_too_long)

    def _line_end(self) -> Optional[Tuple[int, int]]:
        """End of the current line; None while it is not complete. A carriage return may get a line feed yet."""
        match = _LINE_END.search(self._text, self._searched)
        if match is None:
            self._searched = len(self._text)
            return None
        if match.group() == "\r" and match.end() == len(self._text):
            self._searched = match.start()
            return None
        return match.start(), match.end()


def _data_of(raw: str) -> Optional[str]:
    lines = [match.group(1) or "" for line in _LINE_END.split(raw) if (match := _DATA.fullmatch(line))]
    return "\n".join(lines) if lines else None
