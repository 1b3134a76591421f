from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional, Pattern

from lensai.redaction.byte_class import ALNUM, BASE64, TOKEN
from lensai.redaction.tables import SecretPrefix, redaction_tables
from lensai.redaction.text_window import TextWindow

_SECRET_BYTES_MIN = 19
_JWT_PART_BYTES_MIN = 10
"""`{"alg":""}` in base64url."""
_JWT_PARTS_MAX = 4
"""Header, payload, signature; five parts when encrypted (RFC 7516)."""
_HOOK_BYTES_MIN = 8
"""`T.../B.../...`"""
_SCHEME_BYTES_MAX = 7
_ASSIGNMENT_BYTES_MAX = 7
"""`\\": \\"` between a name and its value."""
_LOOK_BYTES_MAX = 64
"""Looking for a digit or capital letter further in would make a run of prefixes cost its square."""
_VALUE_BYTES_MAX = 1024
"""How far a value without a prefix of its own is read and masked: base64 of a 4096-bit key, and more."""
_NAMED_BYTES_MAX = 256
"""A value next to a name that is longer than this is no key."""
_NAME_BYTES_MAX = 32
_AWS_SECRET_BYTES = 40

_DOT, _SLASH, _SPACE, _TILDE = b"./ ~"
_ASSIGNMENT = frozenset(b" \"'=:>\\")
_AFTER_CALL = frozenset(b".([")
_DIGIT_OR_CAPITAL = re.compile(rb"[0-9A-Z]")
_DIGIT = re.compile(rb"[0-9]")
_LETTER = re.compile(rb"[A-Za-z]")
_CAPITALS = re.compile(rb"[0-9A-Z]*")
_SECRET_NAME = re.compile(
    rb"(?:secretaccesskey|secretkey|accountkey|secret|apikey|apitoken|accesstoken|authtoken|refreshtoken|sessiontoken"
    rb"|password|passwd)\Z"
)
CANDIDATE = re.compile(rb"[A-Za-z0-9_+/=.~\-]{19,}")
"""Whatever holds a secret: the shortest have 19 bytes, in the widest alphabet that there is."""


def find_secret(w: TextWindow, start: int, end: int) -> Optional[str]:
    """Finds the first secret in [start, end), a whole run of token characters, and what belongs to it behind (the other
    parts of a web token, the padding of base64). Answers with the rule, and has the match in the window.
    """
    begin = min(w.skip_open_escape(start), end)
    return _by_context(w, begin, end) or _by_prefix(w, begin, end)


@lru_cache(maxsize=1)
def _prefixes() -> Pattern[bytes]:
    return re.compile(b"|".join(re.escape(prefix) for prefix in redaction_tables().prefixes))


def _by_prefix(w: TextWindow, start: int, end: int) -> Optional[str]:
    p = start
    while True:
        match = _prefixes().search(w.bytes, p, end)
        if match is None or match.start() + _SECRET_BYTES_MIN > end:
            return None
        p = match.start()
        if p == start or not w.class_at(p - 1) & ALNUM:
            prefix = redaction_tables().prefixes[match.group()]
            if _is_secret(w, p, prefix):
                w.found(p, end)
                return prefix.rule
        p += 1


def _is_secret(w: TextWindow, p: int, prefix: SecretPrefix) -> bool:
    rest = p + len(prefix.prefix)
    seen_end = w.skip(rest, rest + _LOOK_BYTES_MAX, TOKEN if prefix.rest == "token" else ALNUM)
    if seen_end - rest < prefix.rest_min:
        return False
    if prefix.rest != "exact":
        return _has_digit_or_capital(w, rest, seen_end)
    is_exact = seen_end - rest == prefix.rest_min and not w.class_at(seen_end) & TOKEN
    return is_exact and _CAPITALS.fullmatch(w.bytes, rest, seen_end) is not None


def _by_context(w: TextWindow, start: int, end: int) -> Optional[str]:
    """Secrets that are known by what stands before them, or by their own first bytes."""
    if _is_web_token(w, start, end):
        w.found(start, _web_token_end(w, end))
        return "jwt"
    before = w.at(start - 1)
    if before == _DOT and w.has(start - 5, b"ya29."):
        if end - start < _SECRET_BYTES_MIN:
            return None
        w.found(start - 5, end)
        return "google_key"
    if before == _SLASH and w.has(start - 25, b"hooks.slack.com/services/"):
        hook_end = _value_end(w, start, has_dots=False)
        if hook_end - start < _HOOK_BYTES_MIN:
            return None
        w.found(start, hook_end)
        return "slack_token"
    if before == _SPACE and _find_http_credentials(w, start):
        return "http_credentials"
    return _find_named_secret(w, start) if before in _ASSIGNMENT else None


def _is_web_token(w: TextWindow, start: int, end: int) -> bool:
    if end - start < _JWT_PART_BYTES_MIN or w.at(end) != _DOT or not w.has(start, b"eyJ"):
        return False
    return w.skip(end + 1, end + 1 + _JWT_PART_BYTES_MIN, TOKEN) - end > _JWT_PART_BYTES_MIN


def _web_token_end(w: TextWindow, header_end: int) -> int:
    """Signature and, of an encrypted token, the other three parts included."""
    end = header_end
    for part in range(_JWT_PARTS_MAX):
        if w.at(end) != _DOT:
            break
        part_end = w.skip(end + 1, w.end, TOKEN)
        # A dot without a part behind it ends a sentence; directly behind the payload it marks an unsigned token.
        if part_end == end + 1:
            return part_end if part == 1 else end
        end = part_end
    return end


def _find_http_credentials(w: TextWindow, start: int) -> bool:
    scheme = w.lower_word_before(start - 1, _SCHEME_BYTES_MAX)
    if scheme not in (b"bearer", b"basic"):
        return False
    end = _value_end(w, start, has_dots=scheme == b"bearer")
    return end - start >= _SECRET_BYTES_MIN and _has_digit_or_capital(w, start, end) and w.found(start, end)


def _find_named_secret(w: TextWindow, start: int) -> Optional[str]:
    """`"api_key": "..."`, `AWS_SECRET_ACCESS_KEY=...`: the name decides."""
    end = w.skip(start, start + _NAMED_BYTES_MAX + 1, TOKEN | BASE64)
    size = end - start
    if not _SECRET_BYTES_MIN <= size <= _NAMED_BYTES_MAX or not _is_value(w, start, end):
        return None
    name_end = start
    while start - name_end < _ASSIGNMENT_BYTES_MAX and w.at(name_end - 1) in _ASSIGNMENT:
        name_end -= 1
    name = w.lower_word_before(name_end, _NAME_BYTES_MAX).replace(b"-", b"").replace(b"_", b"")
    if _SECRET_NAME.search(name) is None:
        return None
    w.found(start, end)
    return "aws_key" if size == _AWS_SECRET_BYTES and name.endswith(b"secretaccesskey") else "named_secret"


def _is_value(w: TextWindow, start: int, end: int) -> bool:
    """Random characters hold letters and digits; a call or a path (`os.environ[`) is no value."""
    if w.at(end) in _AFTER_CALL:
        return False
    limit = min(end, start + _LOOK_BYTES_MAX)
    return _DIGIT.search(w.bytes, start, limit) is not None and _LETTER.search(w.bytes, start, limit) is not None


def _value_end(w: TextWindow, start: int, *, has_dots: bool) -> int:
    """End of a value in base64 or base64url, with the dots and tildes of RFC 6750 when asked for."""
    limit = start + _VALUE_BYTES_MAX
    p = start
    while True:
        p = w.skip(p, limit, TOKEN | BASE64)
        if not has_dots or w.at(p) not in (_DOT, _TILDE) or not w.class_at(p + 1) & TOKEN:
            return p
        p += 1


def _has_digit_or_capital(w: TextWindow, start: int, end: int) -> bool:
    return _DIGIT_OR_CAPITAL.search(w.bytes, start, min(end, start + _LOOK_BYTES_MAX)) is not None
