from __future__ import annotations

import re
from typing import Optional, Tuple

from lensai.redaction.byte_class import ALNUM, BYTE_CLASS, DIGIT
from lensai.redaction.iban import find_iban
from lensai.redaction.ip_address import find_ipv4, find_ipv6, may_be_ipv6
from lensai.redaction.mail_address import find_mail_address, find_url_credentials
from lensai.redaction.mask import mask_match
from lensai.redaction.number_groups import NumberGroups
from lensai.redaction.payment_card import find_payment_card
from lensai.redaction.phone_number import find_phone_number
from lensai.redaction.private_key import find_private_key
from lensai.redaction.secret_token import CANDIDATE, find_secret
from lensai.redaction.social_security_number import find_social_security_number
from lensai.redaction.tables import redaction_tables
from lensai.redaction.text_window import TextWindow

_NUMBER_DIGITS_MIN = 7
"""But for IP addresses, the shortest number is a local phone number."""
_MATCH_BYTES_MIN = 6
"""`a@b.co` is the shortest text that any rule matches."""

_AT_SIGN = re.compile(rb"@|%40|\\u0040")
_PEM_BEGIN = re.compile(rb"-----BEGIN")
_TOKENS = re.compile(rb"[A-Za-z0-9_\-]+")
_NUMERIC = re.compile(rb"[0-9:]")
_SHORT_ROW = re.compile(rb"[0-9]{1,6}(?![0-9]|(?:[ \-.()]{1,3}|\xc2\xa0|\xe2[\x80\x88].)[0-9])", re.DOTALL)
"""A group of so few digits that it alone is nothing."""


_LOOKS_MAX = 50_000
"""Places of one text that are looked at: a second of computing at the very worst, and far more than conversations have."""


def redact_text(text: str) -> Optional[str]:
    """A text with its secrets and personal data masked, by all rules; it has the same length in UTF-8. Characters that
    UTF-8 does not have (halves of surrogate pairs) become their escapes. None when that would take too long: of a text
    that is made of numbers.
    """
    data = text.encode("utf-8", "backslashreplace")
    if len(data) < _MATCH_BYTES_MIN:
        return data.decode("utf-8")
    try:
        return _Redaction(data).run().decode("utf-8", "replace")
    except _TooManyLooks:
        return None


class _TooManyLooks(Exception):
    pass


class _Redaction:
    """Keys first and numbers last: what is masked as part of a key is not looked at as anything else."""

    def __init__(self, text: bytes) -> None:
        self._w = TextWindow(text)
        self._groups = NumberGroups(self._w)
        self._looks = 0

    def run(self) -> bytes:
        self._mask_private_keys()
        self._mask_secrets()
        self._mask_addresses()
        # A masked number may have been what kept its neighbour from ending like one.
        if self._mask_numbers():
            self._mask_numbers()
        return self._w.text

    def _look(self) -> None:
        self._looks += 1
        if self._looks > _LOOKS_MAX:
            raise _TooManyLooks

    def _mask(self, rule: str) -> None:
        mask_match(self._w, redaction_tables().labels[rule])
        self._groups.clear()

    def _mask_private_keys(self) -> None:
        w = self._w
        done = w.start
        for match in _PEM_BEGIN.finditer(w.text):
            self._look()
            begin = w.start + match.start()
            if begin >= done and find_private_key(w, begin):
                done = w.match_end
                self._mask("private_key")

    def _mask_addresses(self) -> None:
        w = self._w
        done = w.start
        for match in _AT_SIGN.finditer(w.text):
            self._look()
            at = w.start + match.start()
            # The at sign may be part of what is masked already.
            if at < done:
                continue
            if find_url_credentials(w, at):
                done = w.match_end
                self._mask("url_credentials")
            elif find_mail_address(w, at):
                done = w.match_end
                self._mask("email")

    def _mask_secrets(self) -> None:
        w = self._w
        p = w.start
        while (candidate := CANDIDATE.search(w.bytes, p, w.end)) is not None:
            p, until = candidate.span()
            while (run := _TOKENS.search(w.bytes, p, until)) is not None:
                self._look()
                p = run.end()
                rule = find_secret(w, run.start(), run.end())
                if rule is not None:
                    self._mask(rule)
                    p = w.match_end
            p = max(p, until)

    def _mask_numbers(self) -> bool:
        w = self._w
        self._groups.clear()
        is_masked = False
        p = colons_done = w.start
        while (match := _NUMERIC.search(w.bytes, p, w.end)) is not None:
            p = match.start()
            if w.is_digit(p):
                rule: Optional[str] = None
                following = self._after_nothing(p)
                if following is None:
                    self._look()
                    rule, following = self._number_at(p)
            else:
                rule, following = None, p + 1
                self._look()
                if p >= colons_done and may_be_ipv6(w, p):
                    rule = "ip" if find_ipv6(w, p) else None
                    colons_done = w.match_end
            if rule is not None:
                self._mask(rule)
                following, is_masked = w.match_end, True
            p = following
        return is_masked

    def _after_nothing(self, p: int) -> Optional[int]:
        """Where to go on behind a few digits that stand alone; None when they must be looked at."""
        if not _is_apart(self._w.at(p - 1)):
            return None
        match = _SHORT_ROW.match(self._w.bytes, p)
        return None if match is None else match.end()

    def _number_at(self, p: int) -> Tuple[Optional[str], int]:
        """The rule that the number matches whose first digit is at `p`, and where to go on without one."""
        w = self._w
        start = p
        # Behind a blank or punctuation no escape is open and no word goes on.
        if not _is_apart(w.at(p - 1)):
            start = w.skip_open_escape(p)
            if not w.is_digit(start):
                return None, max(start, p + 1)
            if find_iban(w, start):
                return "iban", w.match_end
            if not w.starts_word(start):
                return None, w.skip(start, w.end, DIGIT)
        if not self._groups.read_from(start):
            return None, w.skip(start, w.end, DIGIT)
        return self._rule_of_number(), self._groups.end(0)

    def _rule_of_number(self) -> Optional[str]:
        """The rule that the number just read matches, with the match in the window."""
        w, groups = self._w, self._groups
        if find_ipv4(w, groups):
            return "ip"
        if groups.total < _NUMBER_DIGITS_MIN:
            return None
        if find_payment_card(w, groups):
            return "card"
        if find_social_security_number(w, groups):
            return "us_ssn"
        return "phone" if find_phone_number(w, groups) else None


def _is_apart(byte: int) -> bool:
    return not BYTE_CLASS[byte] & ALNUM and byte not in b"_%\\"
