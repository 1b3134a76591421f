from __future__ import annotations

from lensai.redaction.number_context import has_social_security_context
from lensai.redaction.number_groups import DASH, SPACE, NumberGroups, continues_decimal, ends_number
from lensai.redaction.text_window import TextWindow

_SIZES = (3, 2, 4)
_PLAIN_DIGITS = 9


def find_social_security_number(w: TextWindow, groups: NumberGroups) -> bool:
    """Finds a US social security number that starts with group 0: 3-2-4 with dashes or blanks, or nine plain digits next
    to its name. Numbers that were never issued do not count: https://www.ssa.gov/employer/randomization.html
    """
    start = groups.start(0)
    if continues_decimal(w, start):
        return False
    is_plain = groups.size(0) == _PLAIN_DIGITS
    last = 0 if is_plain else 2
    if not (has_social_security_context(w, start) if is_plain else _is_grouped(groups)):
        return False
    if not ends_number(w, groups.end(last)) or groups.goes_on(last):
        return False
    return _is_issued(groups.digits(last + 1)) and w.found(start, groups.end(last))


def _is_grouped(groups: NumberGroups) -> bool:
    return groups.separator(1) in (DASH, SPACE) and groups.has_sizes(_SIZES) and groups.is_even(3)


def _is_issued(digits: str) -> bool:
    area = int(digits[:3])
    return area not in (0, 666) and area < 900 and int(digits[3:5]) != 0 and int(digits[5:9]) != 0
