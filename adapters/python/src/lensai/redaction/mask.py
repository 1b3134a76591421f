from __future__ import annotations

from lensai.redaction.byte_class import DIGIT
from lensai.redaction.text_window import TextWindow

_BLANKS_MAX = 64
"""Blanks and line ends between a JSON number and the punctuation around it, as deep as JSON is indented."""
_JSON_BLANKS = frozenset(b" \t\n\r")
_DASH, _COLON, _QUOTE = b'-:"'


def mask_match(w: TextWindow, label: bytes) -> None:
    """Overwrites the window's match in place: the label when it fits, `*` for the rest. Only ASCII is written and the
    length stays, so UTF-8 and JSON stay valid. A bare number in JSON text, where `*` would be a syntax error, becomes
    0.000... of the same length.
    """
    size = w.match_end - w.match_start
    if _is_json_number(w):
        masked = (b"0.".ljust(size, b"0"))[:size]
    else:
        masked = (label if size >= len(label) else b"").ljust(size, b"*")
    w.bytes[w.match_start : w.match_end] = masked


def _is_json_number(w: TextWindow) -> bool:
    if w.skip(w.match_start, w.match_end, DIGIT) != w.match_end:
        return False
    if w.at(_skip_blanks(w, w.start, 1)) not in b'{["':
        return False
    if w.at(_skip_blanks(w, w.match_end, 1)) not in b",}]":
        return False
    start = w.match_start - 1 if w.at(w.match_start - 1) == _DASH else w.match_start
    before = _skip_blanks(w, start - 1, -1)
    if w.at(before) != _COLON:
        return w.at(before) in b",["
    return w.at(_skip_blanks(w, before - 1, -1)) == _QUOTE


def _skip_blanks(w: TextWindow, start: int, step: int) -> int:
    p = start
    while w.at(p) in _JSON_BLANKS and abs(p - start) < _BLANKS_MAX:
        p += step
    return p
