from __future__ import annotations

from typing import FrozenSet

from lensai.redaction.byte_class import ALNUM, BYTE_CLASS, LETTER
from lensai.redaction.tables import redaction_tables
from lensai.redaction.text_window import TextWindow

_WORD_BYTES_MAX = 20
"""Words further away say nothing about the number."""
_GAP_BYTES_MAX = 5
"""`": "` and `**: ` between a word and its value."""
_WORDS_MAX = 4
_NO_GAP = frozenset(b"\0[]_")


def has_phone_context(w: TextWindow, start: int) -> bool:
    """Is the number at `start` introduced as a phone number: `Fax: `, `call me at `, `"phone": "`?"""
    words = redaction_tables().words
    end = start
    for count in range(_WORDS_MAX):
        end = _word_end_before(w, end)
        word = w.lower_word_before(end, _WORD_BYTES_MAX)
        if word in words["phoneLabels"] or (count == 0 and word in words["adjacentPhoneLabels"]):
            return True
        if count > 0 and word in words["phoneVerbs"]:
            return True
        if word not in words["fillers"]:
            return False
        end -= len(word)
    return False


def has_phone_label_after(w: TextWindow, end: int) -> bool:
    """Is the number that ends at `end` labelled as a phone number behind it: ` fax`, `-Office`, `(mobile)`?"""
    start = end
    while start - end < 2 and _is_gap(w, start):
        start += 1
    if start == end:
        return False
    word_end = w.skip(start, start + _WORD_BYTES_MAX, LETTER)
    goes_on = w.at(word_end) == 0x20 or w.class_at(word_end) & ALNUM != 0
    word = w.lower_word_before(word_end, word_end - start)
    return not goes_on and word in redaction_tables().words["phoneLabelsAfter"]


def has_card_context(w: TextWindow, start: int) -> bool:
    return _has_word_before(w, start, redaction_tables().words["card"])


def has_social_security_context(w: TextWindow, start: int) -> bool:
    return _has_word_before(w, start, redaction_tables().words["socialSecurity"])


def _has_word_before(w: TextWindow, start: int, words: FrozenSet[bytes]) -> bool:
    """Is one of the words among the last ones before `start`, with only fillers between?"""
    fillers = redaction_tables().words["fillers"]
    end = start
    for _ in range(_WORDS_MAX):
        end = _word_end_before(w, end)
        word = w.lower_word_before(end, _WORD_BYTES_MAX)
        if word in words:
            return True
        if word not in fillers:
            return False
        end -= len(word)
    return False


def _word_end_before(w: TextWindow, start: int) -> int:
    """Walks back over blanks and punctuation (`: `, `": "`), a few bytes at most."""
    end = start
    while start - end < _GAP_BYTES_MAX and end > w.start and _is_gap(w, end - 1):
        end -= 1
    # `\n` before the number: the letter belongs to the escape.
    if w.has(end - 2, b"\\n"):
        end -= 2
    while start - end < 2 * _GAP_BYTES_MAX and end > w.start and _is_gap(w, end - 1):
        end -= 1
    return end


def _is_gap(w: TextWindow, p: int) -> bool:
    """Punctuation and blanks; not the brackets of a label that a mask has left, which would be a word of its own."""
    byte = w.at(p)
    return byte < 0x80 and byte not in _NO_GAP and not BYTE_CLASS[byte] & ALNUM
