from __future__ import annotations

import re
from typing import Pattern

DIGIT = 1
LETTER = 2
HEX = 4
TOKEN = 8
"""Letters, digits, `-` and `_`: the alphabet of provider keys and of base64url."""
MAIL_LOCAL = 16
"""Local part of a mail address as it appears in prose; bytes of non-ASCII letters included (RFC 6531)."""
HOST_LABEL = 32
"""Label of a host name; bytes of non-ASCII letters included (IDN)."""
BASE64 = 64
"""Standard base64 with padding."""
BLANK = 128
"""Blank as PEM bodies have it, real or written as a JSON escape."""
ALNUM = DIGIT | LETTER

_MEMBERS = {
    DIGIT: rb"0-9",
    LETTER: rb"A-Za-z",
    HEX: rb"0-9A-Fa-f",
    TOKEN: rb"A-Za-z0-9_\-",
    MAIL_LOCAL: rb"A-Za-z0-9_.%+'\x80-\xff\-",
    HOST_LABEL: rb"A-Za-z0-9\x80-\xff\-",
    BASE64: rb"A-Za-z0-9+/=",
    BLANK: rb" \t\r\n\\",
}


def run_of(bits: int) -> Pattern[bytes]:
    """A run, maybe empty, of bytes that have one of the class bits."""
    return re.compile(b"[" + b"".join(members for bit, members in _MEMBERS.items() if bits & bit) + b"]*")


def _table() -> bytes:
    classes = bytearray(256)
    for bit, members in _MEMBERS.items():
        for match in re.finditer(b"[" + members + b"]", bytes(range(256))):
            classes[match.start()] |= bit
    return bytes(classes)


BYTE_CLASS = _table()
"""Index: byte. Byte 0 is class 0, so that "outside the text" can be read as byte 0."""
