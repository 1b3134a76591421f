from __future__ import annotations

from lensai.redaction.byte_class import ALNUM, BYTE_CLASS, DIGIT, HEX, HOST_LABEL, LETTER, MAIL_LOCAL
from lensai.redaction.text_window import TextWindow

_LOCAL_BYTES_MAX = 64
"""RFC 5321 section 4.5.3.1.1; a longer run is masked by its last 64 bytes, which no longer is an address."""
_HOST_BYTES_MAX = 253
"""RFC 1035 section 2.3.4."""
_USER_INFO_BYTES_MAX = 256
_BARE_USER_INFO_BYTES_MIN = 16
"""A user without a password in a URL is a credential only when it is as long as a key."""
_TOP_LEVEL_LETTERS_MIN = 2

_NON_ASCII = 0x80
_AT, _BACKSLASH, _COLON, _DOT, _PERCENT, _STAR = b"@\\:.%*"
_OPEN_PAREN, _OPEN_BRACKET, _UNDERSCORE = b"([_"
_NOT_USER_INFO = frozenset(b" \t\r\n\"'<>\\(){}$,;/@`")
"""What ends the part of a URL in which user and password stand."""
_ESCAPE_LETTERS = frozenset(b"ntrbf")
_NO_LOCAL_START = frozenset(b".'-+")


def find_mail_address(w: TextWindow, at: int) -> bool:
    """Finds the mail address around the at sign at `at`: `@`, `%40` or `\\u0040`."""
    host_start = at + {_AT: 1, _PERCENT: 3}.get(w.at(at), 6)
    end = _host_end(w, host_start)
    if end < 0 or w.at(end) == _OPEN_PAREN or _is_not_host(w, host_start):
        return False
    start = _local_start(w, at)
    return start < at and not _is_git_remote(w, start, end) and w.found(start, end)


def find_url_credentials(w: TextWindow, at: int) -> bool:
    """Finds `user:password` (or a key as the user) before the at sign of a URL."""
    if w.at(at) != _AT or w.at(at - 1) == _STAR or not _starts_host(w, at + 1):
        return False
    least = max(w.start, at - _USER_INFO_BYTES_MAX)
    start = at
    while start > least and not _ends_user_info(w, start - 1):
        start -= 1
    has_password = w.bytes.find(b":", start, at) >= 0
    is_credential = has_password or at - start >= _BARE_USER_INFO_BYTES_MIN
    return is_credential and w.has(start - 3, b"://") and w.found(start, _last_at_sign(w, at))


def _ends_user_info(w: TextWindow, p: int) -> bool:
    return w.at(p) in _NOT_USER_INFO


def _starts_host(w: TextWindow, p: int) -> bool:
    """A name, or the first group of an IPv6 literal; a label left by a mask also starts with a bracket."""
    if w.at(p) != _OPEN_BRACKET:
        return w.class_at(p) & HOST_LABEL != 0
    return w.at(w.skip(p + 1, p + 6, HEX)) == _COLON


def _last_at_sign(w: TextWindow, at: int) -> int:
    """A password may hold an at sign itself: the last one before the path separates it from the host."""
    last = at
    for p in range(at + 1, min(w.end, at + _LOCAL_BYTES_MAX)):
        if w.at(p) == _AT:
            last = p
        elif _ends_user_info(w, p):
            break
    return last


def _host_end(w: TextWindow, start: int) -> int:
    """End of the longest host name whose last label is a top-level domain; -1 when there is none."""
    limit = start + _HOST_BYTES_MAX
    end = -1
    label_start = start
    while True:
        label_end = w.skip(label_start, limit, HOST_LABEL)
        if label_end == label_start:
            return end
        if label_start != start:
            top = _top_level_end(w, label_start, label_end)
            end = top if top >= 0 else end
        if w.at(label_end) != _DOT:
            return end
        label_start = label_end + 1


def _top_level_end(w: TextWindow, start: int, label_end: int) -> int:
    """Two letters or more, ASCII or not but never mixed: text in another script may follow without a blank."""
    if w.has(start, b"xn--"):
        return label_end
    if w.at(start) >= _NON_ASCII:
        p = start
        while p < label_end and w.at(p) >= _NON_ASCII:
            p += 1
        return p if p - start >= 2 * _TOP_LEVEL_LETTERS_MIN else -1
    end = w.skip(start, label_end, LETTER)
    if end - start < _TOP_LEVEL_LETTERS_MIN:
        return -1
    return end if not w.class_at(end) & DIGIT and w.at(end) != _UNDERSCORE else -1


def _is_not_host(w: TextWindow, host_start: int) -> bool:
    """`pkg@1.2.3-rc.one` (a version) and `icon@2x.png` (a pixel density) are not hosts."""
    if not w.class_at(host_start) & DIGIT:
        return False
    if w.at(host_start + 1) in b"xX" and w.at(host_start + 2) == _DOT:
        return True
    first_dot = w.skip(host_start, host_start + 8, DIGIT)
    return w.at(first_dot) == _DOT and w.class_at(first_dot + 1) & DIGIT != 0


def _is_git_remote(w: TextWindow, start: int, end: int) -> bool:
    """`git@github.com:org/repo.git` names a repository, not a person."""
    is_git_user = w.has(start, b"git") and not w.class_at(start + 3) & MAIL_LOCAL
    return is_git_user and w.at(end) in b":/"


def _local_start(w: TextWindow, at: int) -> int:
    least = max(w.start, at - _LOCAL_BYTES_MAX)
    return _trim_local(w, _skip_foreign_escapes(w, _raw_local_start(w, at, least), at), at)


def _raw_local_start(w: TextWindow, at: int, least: int) -> int:
    """Walks back over the local part and over JSON escapes of letters in it."""
    start = at
    while start > least:
        start = w.skip_back(start, least, MAIL_LOCAL)
        if w.at(start - 1) != _BACKSLASH or start - 1 < least:
            return start
        if not w.unicode_escape_at(start - 1):
            return start + 1 if w.at(start) in _ESCAPE_LETTERS else start
        if not _is_local_code(w.escaped_code(start - 1)):
            return start + 5
        # Every backslash goes: half of an escaped backslash would break the JSON around it.
        while start > w.start and w.at(start - 1) == _BACKSLASH:
            start -= 1
    return start


def _is_local_code(code: int) -> bool:
    return code >= _NON_ASCII or BYTE_CLASS[code] & MAIL_LOCAL != 0


def _skip_foreign_escapes(w: TextWindow, begin: int, at: int) -> int:
    """`q%3Dalice%40example.com`: the name starts after the last escape that no name can hold."""
    start = begin
    p = w.bytes.find(b"%", begin, at)
    while p >= 0:
        step = 1
        if w.percent_escape_at(p):
            step = 3
            if not _is_local_code(w.escaped_code(p)):
                start = p + 3
        p = w.bytes.find(b"%", p + step, at)
    return min(start, at)


def _trim_local(w: TextWindow, begin: int, at: int) -> int:
    """Drops quotes and dots in front, and text of another script that runs into an ASCII name."""
    start = begin
    saw_ascii = False
    for p in range(at - 1, begin - 1, -1):
        byte = w.at(p)
        if byte < _NON_ASCII:
            saw_ascii = saw_ascii or w.class_at(p) & ALNUM != 0
        elif byte & 0xC0 != 0x80 and _is_foreign(w, p, saw_ascii):
            start = p + 1
            while w.at(start) & 0xC0 == 0x80:
                start += 1
            break
    while start < at and _is_no_local_start(w.at(start)):
        start += 1
    return start


def _is_foreign(w: TextWindow, p: int, saw_ascii: bool) -> bool:
    """Latin, Greek and Cyrillic letters (lead bytes 0xC3 to 0xD4) are part of a name that also has ASCII letters; other
    scripts only when the whole name is in them; punctuation never is.
    """
    lead, following = w.at(p), w.at(p + 1)
    if lead == 0xC2 or (lead == 0xE2 and following <= 0x81) or (lead == 0xE3 and following == 0x80):
        return True
    return (lead == 0xEF and following >= 0xBC) or (saw_ascii and lead > 0xD4)


def _is_no_local_start(byte: int) -> bool:
    """Continuation bytes stand in front only where the length limit has cut a character."""
    return byte in _NO_LOCAL_START or byte & 0xC0 == 0x80
