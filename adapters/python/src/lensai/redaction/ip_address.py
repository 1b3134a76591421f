from __future__ import annotations

import re

from lensai.redaction.byte_class import ALNUM, HEX, LETTER
from lensai.redaction.number_groups import DASH, DOT, SPACE, ZERO, NumberGroups
from lensai.redaction.text_window import TextWindow

_NUMERIC_BYTES_MIN = 4
"""Digits and colons of the shortest address that is looked for."""
_IPV6_BYTES_MAX = 40
"""`ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff` is 39 bytes; one more shows that a run is longer."""
_IPV6_GROUPS = 8
_VERSION_WORDS = frozenset([b"version", b"ver", b"v", b"release", b"rev"])
_COLON, _PLUS, _EQUALS, _UNDERSCORE = b":+=_"
_GROUP = re.compile(rb"[0-9A-Fa-f]{1,4}(?![0-9A-Fa-f])")


def find_ipv4(w: TextWindow, groups: NumberGroups) -> bool:
    """Finds the IPv4 address that starts with group 0. Loopback (127/8), 0.0.0.0, broadcast and networks that end in
    .0.0.0 name nobody and stay: they are what local endpoints and browser versions look like.
    """
    if groups.count < 4 or groups.separator(1) != DOT or groups.separator(4) == DOT or not groups.is_even(4):
        return False
    octets = [_octet(w, groups, group) for group in range(4)]
    start, end = groups.start(0), groups.end(3)
    if min(octets) < 0 or _is_version(w, start, end):
        return False
    names_nobody = octets[0] in (0, 127) or octets[1:] == [0, 0, 0] or octets == [255] * 4
    return not names_nobody and w.found(start, end)


def _octet(w: TextWindow, groups: NumberGroups, group: int) -> int:
    """Value 0 to 255 of a group; -1 when it is no octet."""
    start, size = groups.start(group), groups.size(group)
    if size > 3 or (size > 1 and w.at(start) == ZERO):
        return -1
    value = int(w.bytes[start : start + size])
    return -1 if value > 255 else value


def _is_version(w: TextWindow, start: int, end: int) -> bool:
    """`1.2.3.4-beta`, `v1.2.3.4`, `version 1.2.3.4`, `pkg==1.2.3.4`, `.1.2.3.4` of an object identifier."""
    after = w.at(end)
    if w.class_at(end) & ALNUM or after == _UNDERSCORE:
        return True
    if after in (DASH, _PLUS) and w.class_at(end + 1) & LETTER:
        return True
    before = w.at(start - 1)
    if before in (DOT, DASH):
        return w.is_digit(start - 2)
    if before == _EQUALS:
        return w.at(start - 2) in b"=><~!"
    if before in b"^~":
        return True
    return before == SPACE and w.lower_word_before(start - 1, 8) in _VERSION_WORDS


def may_be_ipv6(w: TextWindow, p: int) -> bool:
    """Could the colon at `p` be part of an IPv6 address? A cheap look at its neighbours."""
    return w.at(p + 1) == _COLON or w.class_at(p + 1) & w.class_at(p - 1) & HEX != 0


def find_ipv6(w: TextWindow, colon: int) -> bool:
    """Finds the IPv6 address around the colon at `colon`: eight groups, or fewer with one `::` (RFC 4291 section 2.2).
    It must hold a digit: `a::b`, like `a::1`, is far more often a name in code. Loopback stays. On failure
    `match_end` is how far the run of hex digits and colons was read.
    """
    start = colon
    while colon - start < _IPV6_BYTES_MAX and _is_ipv6_byte(w, start - 1):
        start -= 1
    end = colon + 1
    while end - colon < _IPV6_BYTES_MAX and _is_ipv6_byte(w, end):
        end += 1
    w.found(start, end)
    is_mixed = w.at(end) == DOT and w.is_digit(end + 1)
    end = _address_end(w, end, is_mixed)
    if not is_mixed and not w.ends_word(end):
        return False
    return w.starts_word(start) and _is_ipv6(w, start, end) and w.found(start, end)


def _address_end(w: TextWindow, run_end: int, is_mixed: bool) -> int:
    """Of the mixed notation (RFC 4291 section 2.2 no. 3) the dotted end is left to the IPv4 rule."""
    end = w.skip_back(run_end, run_end - _IPV6_BYTES_MAX, HEX) if is_mixed else run_end
    # A single colon behind the address is punctuation.
    return end - 1 if w.at(end - 1) == _COLON and w.at(end - 2) != _COLON else end


def _is_ipv6_byte(w: TextWindow, p: int) -> bool:
    return w.at(p) == _COLON or w.class_at(p) & HEX != 0


def _is_ipv6(w: TextWindow, start: int, end: int) -> bool:
    groups = gaps = 0
    p = start
    # A gap in front has no group before it.
    if w.has(p, b"::"):
        gaps, p = 1, p + 2
    while p < end:
        match = _GROUP.match(w.bytes, p, end)
        if match is None:
            return False
        groups += 1
        is_gap = w.has(match.end(), b"::")
        gaps += is_gap
        p = match.end() + (2 if is_gap else 1)
    is_complete = groups == _IPV6_GROUPS if gaps == 0 else gaps == 1 and groups < _IPV6_GROUPS
    return is_complete and _names_host(w, start, end)


def _names_host(w: TextWindow, start: int, end: int) -> bool:
    """Holds a digit, and with the colons as many of them as make a number; is more than `::`, `::0` or `::1`."""
    if w.at(start) == _COLON and end - start <= 3:
        return False
    text = bytes(w.bytes[start:end])
    digits = sum(byte in b"0123456789" for byte in text)
    return digits > 0 and digits + text.count(b":") >= _NUMERIC_BYTES_MIN
