from __future__ import annotations

import re

from lensai.redaction.number_context import has_phone_context, has_phone_label_after
from lensai.redaction.number_groups import DASH, DOT, ONE, ZERO, NumberGroups, continues_decimal, ends_number
from lensai.redaction.text_window import UNICODE_ESCAPE_BYTES, TextWindow

_INTERNATIONAL_DIGITS_MIN = 8
_INTERNATIONAL_DIGITS_MAX = 15
"""E.164: at most 15 digits with the country code; the shortest complete ones have 8."""
_TRUNK_DIGITS_MIN = 9
_TRUNK_DIGITS_MAX = 12
"""National numbers with a trunk prefix `0`: shorter ones look like dates and codes."""
_CONTEXT_DIGITS_MIN = 7
_CONTEXT_DIGITS_MAX = 13
_CONTEXT_GROUPS_MAX = 6
"""What counts as a number only where the text says that it is a phone number."""
_NORTH_AMERICAN = (3, 3, 4)
_NORTH_AMERICAN_DIGITS = 11

_OPEN_PAREN, _CLOSE_PAREN, _PLUS, _TWO = b"()+2"
_EXTENSION = re.compile(rb" ?(?:[xX]|[#\x03]|[eE][xX][tT])\.? ?([0-9]{1,6})(?![0-9])")
_CENTURIES = (b"19", b"20")


def find_phone_number(w: TextWindow, groups: NumberGroups) -> bool:
    """Finds a phone number whose first digit group is group 0."""
    start = groups.start(0)
    plus = _plus_before(w, start)
    if plus >= 0:
        return _find_international(w, groups, plus)
    if continues_decimal(w, start):
        return False
    count = _formatted_count(w, groups) or _context_count(w, groups)
    if count == 0:
        return False
    # With the bracket that opens before it, and an extension behind.
    return w.found(start - 1 if _is_bracketed(w, groups) else start, _extension_end(w, groups.end(count - 1)))


def _formatted_count(w: TextWindow, groups: NumberGroups) -> int:
    """The groups of a number that its form alone shows to be a phone number; 0 when it does not."""
    if groups.total < _TRUNK_DIGITS_MIN:
        return _bracket_count(w, groups)
    return (
        _north_american_count(w, groups)
        or _exit_prefix_count(w, groups)
        or _bracket_count(w, groups)
        or _trunk_count(w, groups)
    )


def _plus_before(w: TextWindow, start: int) -> int:
    """Start of a plus sign, plain or escaped, that ends at `start`; -1 when there is none."""
    at = start - 1 if w.at(start - 1) == _OPEN_PAREN else start
    if w.at(at - 1) == _PLUS:
        return at - 1 if w.starts_word(at - 1) else -1
    if w.percent_escape_at(at - 3) and w.escaped_code(at - 3) == _PLUS:
        return at - 3
    escape = at - UNICODE_ESCAPE_BYTES
    return escape if w.unicode_escape_at(escape) and w.escaped_code(escape) == _PLUS else -1


def _find_international(w: TextWindow, groups: NumberGroups, plus: int) -> bool:
    first = w.at(groups.start(0))
    if first == ZERO:
        return False
    # The North American plan is the one with a fixed length: nothing behind its 11th digit belongs to it.
    count = _count_up_to(w, groups, _NORTH_AMERICAN_DIGITS if first == ONE else _INTERNATIONAL_DIGITS_MAX)
    if count == 0 or groups.digits_in(count) < _INTERNATIONAL_DIGITS_MIN:
        return False
    return w.found(plus, _extension_end(w, groups.end(count - 1)))


def _north_american_count(w: TextWindow, groups: NumberGroups) -> int:
    """3-3-4, also with 1 before it; with blanks only when the exchange is a valid one."""
    has_trunk = groups.has_sizes((1, *_NORTH_AMERICAN)) and w.at(groups.start(0)) == ONE
    if not has_trunk and not groups.has_sizes(_NORTH_AMERICAN):
        return 0
    area = 1 if has_trunk else 0
    last = area + 2
    has_exchange = w.at(groups.start(area + 1)) >= _TWO
    is_strong = groups.separator(last) in (DASH, DOT)
    if w.at(groups.start(area)) < _TWO or not (has_exchange or is_strong) or groups.separator(last) == 0:
        return 0
    return last + 1 if _is_whole(w, groups, last) else 0


def _exit_prefix_count(w: TextWindow, groups: NumberGroups) -> int:
    """`00` instead of the plus sign: `001-518-640-0854`."""
    start = groups.start(0)
    if not w.has(start, b"00") or groups.size(0) < 2:
        return 0
    following = start + 2
    if groups.size(0) == 2:
        if groups.count < 2:
            return 0
        following = groups.start(1)
    if w.at(following) == ZERO:
        return 0
    count = _count_up_to(w, groups, _INTERNATIONAL_DIGITS_MAX + 2)
    return count if count >= 3 and groups.digits_in(count) >= 11 else 0


def _bracket_count(w: TextWindow, groups: NumberGroups) -> int:
    """An area code in brackets: `(08) 8747 6301`, `(555) 1234567`; `(2019) 123-145` is a citation."""
    if not _is_bracketed(w, groups) or not w.starts_word(groups.start(0) - 1):
        return 0
    if not 2 <= groups.size(0) <= 5 or _is_year(w, groups, 0):
        return 0
    count = _count_up_to(w, groups, _TRUNK_DIGITS_MAX)
    return count if 1 < count <= 5 and groups.digits_in(count) >= 8 else 0


def _is_bracketed(w: TextWindow, groups: NumberGroups) -> bool:
    return w.at(groups.start(0) - 1) == _OPEN_PAREN and w.at(groups.end(0)) == _CLOSE_PAREN


def _trunk_count(w: TextWindow, groups: NumberGroups) -> int:
    """A trunk prefix: `07700 063 966`, `01.84.17.61.18`, `0961-7596216`."""
    start = groups.start(0)
    if w.at(start) != ZERO or w.at(start + 1) == ZERO or groups.size(0) > 5:
        return 0
    count = _count_up_to(w, groups, _TRUNK_DIGITS_MAX)
    # Two groups of nine digits are a house number and a postcode as often as a phone number.
    least = _TRUNK_DIGITS_MIN + 1 if count == 2 else _TRUNK_DIGITS_MIN
    if count < 2 or groups.digits_in(count) < least:
        return 0
    if not _is_even_without_singles(groups, count) or _is_date(w, groups):
        return 0
    # `0123 0456 0789`: a list of zero-padded numbers.
    return 0 if all(w.at(groups.start(group)) == ZERO for group in range(count)) else count


def _context_count(w: TextWindow, groups: NumberGroups) -> int:
    """Any other grouping, also none, where a word before or behind says what it is."""
    if groups.size(0) < 2 or _is_date(w, groups):
        return 0
    count = _count_up_to(w, groups, _CONTEXT_DIGITS_MAX)
    if groups.digits_in(count) < _CONTEXT_DIGITS_MIN or count > _CONTEXT_GROUPS_MAX:
        return 0
    if not _is_even_without_singles(groups, count):
        return 0
    if has_phone_context(w, groups.start(0)):
        return count
    end = groups.end(count - 1)
    may_be_labelled = count > 1 or w.at(end) == DASH
    return count if may_be_labelled and has_phone_label_after(w, end) else 0


def _is_even_without_singles(groups: NumberGroups, count: int) -> bool:
    """One kind of separator, and no group of a single digit."""
    return all(groups.size(group) >= 2 for group in range(count)) and groups.is_even(count)


def _count_up_to(w: TextWindow, groups: NumberGroups, digits_max: int) -> int:
    """The most leading groups with at most this many digits that end like a number; 0 when none do."""
    count = groups.count
    total = groups.total
    while count > 0 and (total > digits_max or not _is_whole(w, groups, count - 1)):
        count -= 1
        total -= groups.size(count)
    return count


def _is_whole(w: TextWindow, groups: NumberGroups, last: int) -> bool:
    end = groups.end(last)
    return (ends_number(w, end) and not groups.goes_on(last)) or _extension_end(w, end) > end


def _is_date(w: TextWindow, groups: NumberGroups) -> bool:
    """2024-01-31, 31.01.2024, 01 02 2024"""
    if groups.count < 3 or groups.size(1) > 2:
        return False
    if groups.size(2) <= 2:
        return _is_year(w, groups, 0)
    return groups.size(0) <= 2 and _is_year(w, groups, 2)


def _is_year(w: TextWindow, groups: NumberGroups, group: int) -> bool:
    return groups.size(group) == 4 and w.bytes.startswith(_CENTURIES, groups.start(group))


def _extension_end(w: TextWindow, end: int) -> int:
    """End of `x123`, ` ext. 123`, ` #12` behind a number that ends at `end`; `end` when there is none."""
    match = _EXTENSION.match(w.bytes, end)
    return match.end() if match is not None and ends_number(w, match.end()) else end
