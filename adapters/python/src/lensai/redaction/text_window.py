from __future__ import annotations

from functools import lru_cache

from lensai.redaction.byte_class import ALNUM, BYTE_CLASS, DIGIT, HEX, TOKEN, run_of

_PAD = bytes(512)
"""On both sides of the text: a look beyond it, or a run up to a limit, finds bytes of no class."""

UNICODE_ESCAPE_BYTES = 6
_SIMPLE_ESCAPES = frozenset(b'nrtbf"/\\')
_PERCENT, _BACKSLASH, _UNDERSCORE = 0x25, 0x5C, 0x5F

_run_of = lru_cache(maxsize=None)(run_of)


class TextWindow:
    """The text under inspection, as bytes of UTF-8, and the last match in it: [match_start, match_end)."""

    def __init__(self, text: bytes) -> None:
        self.bytes = bytearray(_PAD + text + _PAD)
        self.start = len(_PAD)
        self.end = self.start + len(text)
        self.match_start = 0
        self.match_end = 0

    @property
    def text(self) -> bytes:
        return bytes(self.bytes[self.start : self.end])

    def found(self, start: int, end: int) -> bool:
        """Records a match; always true, so that a detector can end with it."""
        self.match_start, self.match_end = start, end
        return True

    def at(self, offset: int) -> int:
        """The byte at an offset; 0 outside the text."""
        return self.bytes[offset]

    def class_at(self, offset: int) -> int:
        """Class bits of the byte at an offset; 0 outside the text."""
        return BYTE_CLASS[self.bytes[offset]]

    def has(self, offset: int, expected: bytes) -> bool:
        return self.bytes.startswith(expected, offset)

    def skip(self, start: int, limit: int, bits: int) -> int:
        """First offset in [start, limit) whose byte has none of the class bits."""
        stop = min(limit, self.end)
        match = _run_of(bits).match(self.bytes, start, stop) if start < stop else None
        return start if match is None else match.end()

    def skip_back(self, start: int, limit: int, bits: int) -> int:
        """Smallest offset p >= limit such that all of [p, start) has one of the class bits."""
        stop = max(limit, self.start)
        p = start
        while p > stop and BYTE_CLASS[self.bytes[p - 1]] & bits:
            p -= 1
        return p

    def lower_word_before(self, end: int, bytes_max: int) -> bytes:
        """At most that many letters, digits, `-` and `_` that end at `end`, in lower case."""
        return bytes(self.bytes[self.skip_back(end, end - bytes_max, TOKEN) : end]).lower()

    def starts_word(self, p: int) -> bool:
        """A letter, digit or underscore before `p` says no, unless that character belongs to a JSON escape (`\\n`,
        `\\u00a0`) or a percent escape (`%20`) that ends exactly at `p`.
        """
        before = self.bytes[p - 1]
        return not (BYTE_CLASS[before] & ALNUM or before == _UNDERSCORE) or self._escape_ends_at(p)

    def ends_word(self, p: int) -> bool:
        """Is the byte at `p` neither letter, digit nor underscore?"""
        return not (BYTE_CLASS[self.bytes[p]] & ALNUM or self.bytes[p] == _UNDERSCORE)

    def _escape_ends_at(self, p: int) -> bool:
        if self.bytes[p - 2] == _BACKSLASH:
            return self.bytes[p - 1] in _SIMPLE_ESCAPES
        return self.percent_escape_at(p - 3) or self.unicode_escape_at(p - UNICODE_ESCAPE_BYTES)

    def percent_escape_at(self, p: int) -> bool:
        """`%2B`"""
        return self.bytes[p] == _PERCENT and self._is_hex(p + 1, 2)

    def unicode_escape_at(self, p: int) -> bool:
        """`\\u002b`"""
        return self.has(p, b"\\u") and self._is_hex(p + 2, 4)

    def _is_hex(self, start: int, count: int) -> bool:
        return all(BYTE_CLASS[byte] & HEX for byte in self.bytes[start : start + count])

    def skip_open_escape(self, p: int) -> int:
        """The first offset at or after `p` that is not inside an escape begun before `p`."""
        for back in range(1, UNICODE_ESCAPE_BYTES):
            byte = self.bytes[p - back]
            if byte == _PERCENT:
                return p - back + 3 if back <= 2 and self.percent_escape_at(p - back) else p
            if byte != _BACKSLASH:
                continue
            if self.unicode_escape_at(p - back):
                return p - back + UNICODE_ESCAPE_BYTES
            return p + 1 if back == 1 and self.bytes[p] in _SIMPLE_ESCAPES else p
        return p

    def escaped_code(self, p: int) -> int:
        """The code of the character that an escape at `p` stands for; -1 when there is none."""
        if self.percent_escape_at(p):
            return int(self.bytes[p + 1 : p + 3], 16)
        return int(self.bytes[p + 2 : p + 6], 16) if self.unicode_escape_at(p) else -1

    def is_digit(self, p: int) -> bool:
        return BYTE_CLASS[self.bytes[p]] & DIGIT != 0
