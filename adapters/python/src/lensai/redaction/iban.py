from __future__ import annotations

from lensai.redaction.byte_class import ALNUM, LETTER
from lensai.redaction.number_groups import DASH, SPACE, typographic_bytes
from lensai.redaction.tables import redaction_tables
from lensai.redaction.text_window import TextWindow

_GROUP = 4


def find_iban(w: TextWindow, digits: int) -> bool:
    """Finds the IBAN whose check digits start at `digits` (ISO 13616): length by country and mod 97, in upper or lower
    case, in one run or in fours with blanks or dashes.
    """
    start = digits - 2
    if not w.class_at(start) & w.class_at(start + 1) & LETTER:
        return False
    if not (w.is_digit(digits) and w.is_digit(digits + 1) and w.starts_word(start)):
        return False
    length = redaction_tables().iban_lengths.get(bytes(w.bytes[start:digits]).lower())
    if length is None:
        return False
    end = _characters_end(w, start, length)
    return end >= 0 and w.ends_word(end) and _remainder_of_97(w, start, end) == 1 and w.found(start, end)


def _characters_end(w: TextWindow, start: int, length: int) -> int:
    """End of `length` letters and digits, with a separator allowed after every fourth; -1 when there are fewer."""
    p = start
    for count in range(length):
        if count > 0 and count % _GROUP == 0:
            p += 1 if w.at(p) in (SPACE, DASH) else typographic_bytes(w, p)
        if not w.class_at(p) & ALNUM:
            return -1
        p += 1
    return p


def _remainder_of_97(w: TextWindow, start: int, end: int) -> int:
    """Of the number that the characters spell once the first four have moved to the end (ISO 7064)."""
    characters = w.bytes[start + _GROUP : end] + w.bytes[start : start + _GROUP]
    spelled = "".join(str(int(chr(byte), 36)) for byte in characters if byte < 0x80 and byte not in (SPACE, DASH))
    return int(spelled) % 97
