from __future__ import annotations

from functools import lru_cache
from typing import FrozenSet

from lensai.redaction.number_context import has_card_context
from lensai.redaction.number_groups import DASH, SPACE, NumberGroups, continues_decimal, ends_number
from lensai.redaction.tables import redaction_tables
from lensai.redaction.text_window import TextWindow

CARD_DIGITS_MIN = 12
"""Maestro is issued from 12 digits on; so short a number needs the word "card" before it."""
_PREFIX_DIGITS = 4


def find_payment_card(w: TextWindow, groups: NumberGroups) -> bool:
    """Finds a payment card number that starts with group 0: issuer, length, grouping and Luhn must agree."""
    if groups.total < CARD_DIGITS_MIN:
        return False
    lengths = _lengths_of_issuer(groups.digits(_PREFIX_DIGITS)[:_PREFIX_DIGITS])
    if not lengths or continues_decimal(w, groups.start(0)):
        return False
    digits = groups.digits(groups.count)
    total = groups.total
    for count in range(groups.count, 0, -1):
        if total in lengths and _is_card_grouping(groups, count) and _is_card(w, groups, digits[:total]):
            end = groups.end(count - 1)
            if ends_number(w, end):
                return w.found(groups.start(0), end)
        total -= groups.size(count - 1)
    return False


@lru_cache(maxsize=10_000)
def _lengths_of_issuer(prefix: str) -> FrozenSet[int]:
    found: FrozenSet[int] = frozenset()
    for first, last, lengths in redaction_tables().issuers:
        if first <= prefix[: len(first)] <= last:
            found |= lengths
    return found


def _is_card(w: TextWindow, groups: NumberGroups, digits: str) -> bool:
    return passes_luhn(digits) and (len(digits) > CARD_DIGITS_MIN or has_card_context(w, groups.start(0)))


def _is_card_grouping(groups: NumberGroups, count: int) -> bool:
    """One run; fours; 4-6-5 and 4-6-4; or digit by digit: always with one kind of separator."""
    if count == 1:
        return True
    separator = groups.separator(1)
    if separator not in (SPACE, DASH) or not groups.is_even(count):
        return False
    if separator == DASH and groups.goes_on(count - 1):
        return False
    return (count == 3 and groups.has_sizes([4, 6])) or _is_fours_or_ones(groups, count)


def _is_fours_or_ones(groups: NumberGroups, count: int) -> bool:
    size = groups.size(0)
    is_even = all(groups.size(group) == size for group in range(1, count - 1))
    return size in (1, 4) and is_even and groups.size(count - 1) <= size


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    values = [int(digit) for digit in reversed(digits)]
    total = sum(values[::2]) + sum(value * 2 - 9 * (value > 4) for value in values[1::2])
    return total % 10 == 0 and total > 0
