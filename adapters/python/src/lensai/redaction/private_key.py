from __future__ import annotations

import re

from lensai.redaction.byte_class import BLANK
from lensai.redaction.text_window import TextWindow

_BEGIN = b"-----BEGIN "
_DASHES = b"-----"
_END = b"-----END "
_KEY_ENDS = (b"PRIVATE KEY", b"PRIVATE KEY BLOCK")
_HEADER_BYTES_MAX = 64
"""`-----BEGIN ENCRYPTED PRIVATE KEY-----` and its like."""
_KEY_RUN = re.compile(rb"[A-Za-z0-9+/=]{16}")
"""A block without END and without such a run of base64 is somebody explaining the format."""
_BODY = re.compile(rb"(?:[A-Za-z0-9+/= \t\r\n\\:,.()]+|-(?!----))*")
"""Base64, blanks, escapes, and the header fields of an encrypted key (RFC 1421), up to five dashes."""


def find_private_key(w: TextWindow, begin: int) -> bool:
    """Finds the PEM private key block whose BEGIN line starts at `begin`, up to its END line or as far as it goes."""
    if not w.has(begin, _BEGIN):
        return False
    header_end = _dashes_at(w, begin + len(_BEGIN))
    if header_end < 0 or not any(w.has(header_end - len(label), label) for label in _KEY_ENDS):
        return False
    body = header_end + len(_DASHES)
    match = _BODY.match(w.bytes, body, w.end)
    body_end = body if match is None else match.end()
    if w.has(body_end, _END):
        footer_end = _dashes_at(w, body_end + len(_END))
        if footer_end >= 0:
            return w.found(begin, footer_end + len(_DASHES))
    last_end = w.skip_back(body_end, body, BLANK)
    return _KEY_RUN.search(w.bytes, body, last_end) is not None and w.found(begin, last_end)


def _dashes_at(w: TextWindow, start: int) -> int:
    """Offset of the five dashes that end a BEGIN or END line; -1 when they are not where they belong."""
    p = w.bytes.find(b"-", start, min(w.end, start + _HEADER_BYTES_MAX))
    return p if p >= 0 and w.has(p, _DASHES) else -1


