from __future__ import annotations

import re
from typing import List, NamedTuple, Sequence

from lensai.redaction.byte_class import ALNUM, BYTE_CLASS, DIGIT
from lensai.redaction.text_window import TextWindow

GROUP_DIGITS_MAX = 19
"""Longest payment card is 19 digits; a longer run is no number that a rule knows."""
_GROUPS_MAX = 19
"""A card written digit by digit."""
_TOTAL_DIGITS_MAX = 26

SPACE, DASH, DOT, ZERO, ONE = b" -.01"
_UNDERSCORE = 0x5F

_SEPARATOR = re.compile(rb"[ \-.()]{1,3}|\xc2\xa0|\xe2\x88\x92|\xe2\x80[\x80-\x8a\xaf\x90-\x95]")
"""As people and word processors put them into numbers: a no-break blank, thin blanks, no-break hyphens, a minus sign."""


class Group(NamedTuple):
    start: int
    end: int
    separator: int
    """What stands before it when that is a single character, as ASCII writes it; else 0."""


class NumberGroups:
    """A number as people write it: groups of digits with blanks, dashes, dots or brackets between them. When the text
    goes on with what was the second group, the groups move up by one: long rows of groups are read once.
    """

    def __init__(self, w: TextWindow) -> None:
        self._w = w
        self._groups: List[Group] = []
        self.total = 0
        """Digits of all groups."""

    def clear(self) -> None:
        """To be called when the text has changed."""
        self._groups = []

    def read_from(self, start: int) -> bool:
        """Reads the groups from a digit; false when the first run is too long for any rule."""
        if len(self._groups) > 1 and self._groups[1].start == start:
            self.total -= self.size(0)
            del self._groups[0]
        else:
            self._groups, self.total = [], 0
            if not self._append(start, 0):
                return False
        while self.count < _GROUPS_MAX:
            end = self.end(self.count - 1)
            match = _SEPARATOR.match(self._w.bytes, end)
            if match is None or not self._w.is_digit(match.end()):
                break
            if not self._append(match.end(), separator_of(match.group())):
                break
        return True

    def _append(self, start: int, separator: int) -> bool:
        """Adds the group that starts at `start` unless it is too long, or the number with it."""
        end = self._w.skip(start, start + GROUP_DIGITS_MAX + 1, DIGIT)
        size = end - start
        if size > GROUP_DIGITS_MAX or self.total + size > _TOTAL_DIGITS_MAX:
            return False
        self._groups.append(Group(start, end, separator))
        self.total += size
        return True

    @property
    def count(self) -> int:
        return len(self._groups)

    def start(self, group: int) -> int:
        return self._groups[group].start

    def end(self, group: int) -> int:
        return self._groups[group].end

    def size(self, group: int) -> int:
        return self._groups[group].end - self._groups[group].start

    def separator(self, group: int) -> int:
        """0 where there is none: before the first, and behind the last."""
        return self._groups[group].separator if 0 < group < self.count else 0

    def has_sizes(self, sizes: Sequence[int]) -> bool:
        """Have the first groups these sizes?"""
        if self.count < len(sizes) or self.size(0) != sizes[0]:
            return False
        return all(self.size(group) == size for group, size in enumerate(sizes))

    def is_even(self, count: int) -> bool:
        """Do the first `count` groups stand apart by one and the same single character?"""
        if count > self.count:
            return False
        first = self.separator(1)
        return all(self.separator(group) == first for group in range(2, count)) and (count < 2 or first != 0)

    def digits(self, count: int) -> str:
        """Of the first `count` groups."""
        groups = self._groups[:count]
        return b"".join(bytes(self._w.bytes[start:end]) for start, end, _ in groups).decode("ascii")

    def digits_in(self, count: int) -> int:
        return sum(self.size(group) for group in range(count))

    def goes_on(self, last: int) -> bool:
        """Does the number go on after group `last` in the way it is written, so that it is longer than the rule?"""
        return self.separator(last + 1) in (DASH, DOT)


def separator_of(text: bytes) -> int:
    """A blank or a dash for the characters of word processors; 0 for several."""
    if len(text) == 1:
        return text[0]
    if text[0] < 0x80:
        return 0
    is_dash = text == b"\xe2\x88\x92" or (text[:2] == b"\xe2\x80" and 0x90 <= text[2] <= 0x95)
    return DASH if is_dash else SPACE


def typographic_bytes(w: TextWindow, p: int) -> int:
    """How many bytes the separator of a word processor has that is at `p`; 0 for anything else."""
    match = _SEPARATOR.match(w.bytes, p)
    return 0 if match is None or match.group()[0] < 0x80 else match.end() - p


def continues_decimal(w: TextWindow, start: int) -> bool:
    """Is the number the fraction of a decimal, or glued to a longer dotted number on its left?"""
    return w.at(start - 1) in (DOT, DASH) and w.is_digit(start - 2)


def ends_number(w: TextWindow, end: int) -> bool:
    """Is `end` not followed by something that makes the digits before it part of a word or of a decimal?"""
    after = w.at(end)
    if BYTE_CLASS[after] & ALNUM or after == _UNDERSCORE:
        return False
    return after != DOT or not w.is_digit(end + 1)
