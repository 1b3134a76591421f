from __future__ import annotations

import math
import re

_LOWER_CASE, _UPPER_CASE, _OTHER_ASCII, _NOT_ASCII = 2, 3, 4, 9
"""Sixths of a token per character: an upper bound for prose, code and numbers. Other characters per UTF-16 unit."""
_SIXTHS = 6

_RUN = re.compile(r"[\w+/=-]{41,}", re.ASCII)
"""A run of letters and digits that is longer than any word is Base64, hex or a key: three quarters of a token each."""
_RANDOM = 4.5

_WINDOWS = 64
_WINDOW_LENGTH = 256
"""Longer texts are measured at places: 64 windows of 256 characters, spread evenly, are 16 KB."""


def _weight(code: int) -> int:
    character = chr(code)
    if character.islower() or character == " ":
        return _LOWER_CASE
    return _UPPER_CASE if character.isupper() else _OTHER_ASCII


_WEIGHTS = bytes(_weight(code) if code < 128 else 0 for code in range(256))


def text_tokens_at_most(text: str) -> int:
    """How many tokens a text is at most, whatever the tokenizer: "hello world" is 4 (in truth 2). Far cheaper than
    counting them.
    """
    length = len(text)
    if length <= _WINDOWS * _WINDOW_LENGTH:
        return math.ceil(_sixths_of(text) / _SIXTHS)
    starts = ((length - _WINDOW_LENGTH) * index // (_WINDOWS - 1) for index in range(_WINDOWS))
    sixths = sum(_sixths_of(text[start : start + _WINDOW_LENGTH]) for start in starts)
    return math.ceil(sixths / _SIXTHS * (length / (_WINDOWS * _WINDOW_LENGTH)))


def _sixths_of(text: str) -> float:
    ascii_only = text.encode("ascii", "ignore")
    sixths: float = sum(ascii_only.translate(_WEIGHTS))
    if len(ascii_only) < len(text):
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        sixths += (units - len(ascii_only)) * _NOT_ASCII
    for run in _RUN.finditer(text):
        weighed = sum(run.group().encode("ascii").translate(_WEIGHTS))
        sixths += max(0.0, len(run.group()) * _RANDOM - weighed)
    return sixths
