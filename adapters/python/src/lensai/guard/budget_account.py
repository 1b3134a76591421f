from __future__ import annotations

from concurrent.futures import Future
from typing import List, Optional, Protocol

from lensai.guard.lease_source import AccountTerms, LeaseAnswer, LeaseSource, LedgerKey
from lensai.guard.waiting import Wait

_RETRY_AFTER_SECONDS = 1.0
"""A source that failed without saying when to ask again is asked again after this."""

_RETRY_SOON_SECONDS = 1.0
"""A call that can wait does so for another question that makes sense so soon."""

_ANSWER_MAX_SECONDS = 0.5
"""A ledger that is there takes no longer to answer."""

_SILENT_MAX_SECONDS = 10.0
"""What is restarted is back within so long. Of a ledger that is silent for longer nothing is waited for."""

_NEVER = float("-inf")
_EVER = float("inf")


class Shrinkable(Protocol):
    @property
    def least_nano(self) -> Optional[int]:
        """What a call may cost if it is made as small as it can be; nano-USD. None: it cannot."""


class BudgetAccount:
    """What this process may spend of one budget in one period: a lease, from which calls are admitted by subtraction.
    What the lease brought is available, reserved or spent, and nothing else. Available is negative when calls cost more
    than was reserved for them. Used under the guard's lock.
    """

    def __init__(self, key: LedgerKey, terms: AccountTerms, source: LeaseSource) -> None:
        self.key = key
        self.terms = terms
        self.lease_id = ""
        """Empty while there is no lease."""
        self.granted_nano = 0
        self.available_nano = 0
        self.reserved_nano = 0
        """For calls that are running."""
        self.growing_nano = 0
        """The part of it for streams, which may need more as they go on."""
        self.incurred_nano = 0
        """The part of it that is gone if the process dies now."""
        self.spent_nano = 0
        """By calls that have ended."""
        self.uncertain_nano = 0
        """What they may have cost beyond that: nobody has counted them."""
        self.is_asking = False
        """Is a question to the ledger open?"""
        self._source = source
        self._expires_at = _NEVER
        self._low_water_nano = 0.0
        self._tell_at_nano = _EVER
        self._free_nano = 0
        self._lent_nano = 0
        self._silent_since: Optional[float] = None
        """None while the ledger answers."""
        self._retry_at = _NEVER
        self._asked_nano = 0
        self._asked_at = _NEVER
        self._waiting_nano = 0
        """Of calls that found no room while a question was open."""
        self._refused_nano = float("inf")
        """So much was not to be had; less may be."""
        self._on_answer: List[Future[None]] = []

    @property
    def used_nano(self) -> int:
        return self.spent_nano + self.reserved_nano

    @property
    def gone_nano(self) -> int:
        """What is gone if the process dies now."""
        return self.spent_nano + self.incurred_nano

    @property
    def is_reachable(self) -> bool:
        """Does the ledger answer?"""
        return self._silent_since is None

    @property
    def left_nano(self) -> int:
        """Of the budget, as far as the ledger has told: neither spent nor held by anybody else."""
        return max(0, self.available_nano + self._free_nano)

    @property
    def held_nano(self) -> int:
        """Held by calls that run, and lent to other processes: what of it is not spent comes back."""
        return self.reserved_nano + self._lent_nano

    @property
    def unspent_nano(self) -> int:
        """Would be left if all of that came back."""
        return self.available_nano + self._free_nano + self.held_nano

    @property
    def is_unanswered(self) -> bool:
        """Has the ledger been asked for the first time, and not answered yet?"""
        return self.is_asking and self.is_reachable and self.lease_id == ""

    @property
    def room_nano(self) -> int:
        """What a call may take that is to be made. While the ledger is silent, as much as the streams hold that run is kept
        for them: they may need it, and would be cut off for a call that can wait.
        """
        return self.available_nano if self.is_reachable else self.available_nano - self.growing_nano

    def has_room(self, amount_nano: int, now: float, call: Optional[Shrinkable] = None) -> bool:
        """Is there room for a call of this size? Asks for more where there is not, or will soon not be."""
        if not self.has_more(amount_nano, now, call):
            return False
        return self.terms.fail_mode == "open" or amount_nano <= self.room_nano

    def has_more(self, amount_nano: int, now: float, call: Optional[Shrinkable] = None) -> bool:
        """The same of a stream that runs and needs so much more."""
        is_current = now < self._expires_at
        if self.available_nano - amount_nano < self._low_water_nano or not is_current or not self.is_reachable:
            self._ask(amount_nano, now, call)
        if self.is_reachable or self.terms.fail_mode == "spend_lease_then_closed":
            return amount_nano <= self.available_nano and now < self._expires_at
        return self.terms.fail_mode == "open"

    def is_answered_soon(self, now: float) -> bool:
        """Was the ledger asked just now, and answers?"""
        return self.is_asking and self.is_reachable and now - self._asked_at < _ANSWER_MAX_SECONDS

    def may_get_more(self, now: float) -> bool:
        """Is a question to the ledger open, or will one be soon that is not in vain for sure?"""
        return self.is_asking or self._is_retried_soon(now)

    def next_answer(self, now: float) -> Optional[Wait]:
        """Until the answer to the question that is open, or until it makes sense to ask again; None when nothing more is to
        be had soon.
        """
        if not self.may_get_more(now):
            return None
        answer: Future[None] = Future()
        self._on_answer.append(answer)
        return Wait(answer, _EVER if self.is_asking else self._retry_at - now)

    def reserve(self, amount_nano: int, incurred_nano: int) -> None:
        """Whether there was room is the caller's to decide: budgets that only watch are overdrawn."""
        self.available_nano -= amount_nano
        self.reserved_nano += amount_nano
        self.incur(incurred_nano)

    def incur(self, more_nano: int) -> None:
        """So much more of what calls hold is gone if the process dies now."""
        self.incurred_nano += more_nano
        self._tell_if_due()

    def settle(self, reserved_nano: int, incurred_nano: int, spent_nano: int, uncertain_nano: int = 0) -> None:
        """A call has ended, and with it its reservation; it may have cost `uncertain_nano` more than it is charged."""
        self.reserved_nano -= reserved_nano
        self.incurred_nano -= incurred_nano
        self.spent_nano += spent_nano
        self.uncertain_nano += uncertain_nano
        self.available_nano += reserved_nano - spent_nano
        self._tell_if_due()

    def change_terms(self, terms: AccountTerms) -> None:
        is_same_limit = terms.limit_nano_usd == self.terms.limit_nano_usd
        self.terms = terms
        if is_same_limit:
            return
        self._retry_at = _NEVER
        self._tell()

    def close(self) -> None:
        try:
            self._source.close(self)
        except Exception:
            # What the source cannot close runs out by itself.
            pass

    def receive(self, answer: LeaseAnswer) -> None:
        self.is_asking = False
        self._retry_at = answer.retry_at
        self._refused_nano = self._asked_nano
        self._silent_since = answer.silent_since if answer.lease is None else None
        if answer.lease is not None:
            lease = answer.lease
            self._free_nano, self._lent_nano = lease.free_nano, lease.lent_nano
            self.lease_id = lease.id
            self.granted_nano = lease.granted_nano
            self.available_nano = lease.granted_nano - self.used_nano
            self._expires_at = lease.expires_at
            self._low_water_nano = lease.low_water_nano
            self._tell_at_nano = lease.tell_at_nano
            # Meanwhile calls have gone on.
            self._tell_if_due()
        waiting, self._on_answer = self._on_answer, []
        for future in waiting:
            future.set_result(None)

    def release(self) -> None:
        """The lease is over, with all that is left of it. Only while no call runs with it."""
        self.lapse()
        self.lease_id = ""
        self.granted_nano = self.available_nano = self.spent_nano = self.uncertain_nano = 0
        self._free_nano = self._lent_nano = 0

    def lapse(self) -> None:
        """The lease cannot be used until it is renewed."""
        self._expires_at = _NEVER

    def _is_retried_soon(self, now: float) -> bool:
        wait_seconds = self._retry_at - now
        if wait_seconds <= 0:
            return False
        if self._silent_since is None:
            return wait_seconds <= _RETRY_SOON_SECONDS
        is_waited_for = self.terms.fail_mode == "spend_lease_then_closed"
        return is_waited_for and now - self._silent_since < _SILENT_MAX_SECONDS

    def _tell_if_due(self) -> None:
        if self.gone_nano >= self._tell_at_nano:
            self._tell()

    def _tell(self) -> None:
        """Once; the answer says when next."""
        self._tell_at_nano = _EVER
        try:
            self._source.changed(self)
        except Exception:
            # The lease stays what it was, and the next message has all of it.
            pass

    def _ask(self, need_nano: int, now: float, call: Optional[Shrinkable]) -> None:
        if self.is_asking:
            if need_nano > self.available_nano:
                self._waiting_nano += need_nano
            return
        if now < self._retry_at and need_nano >= self._refused_nano:
            return
        self.is_asking = True
        self._asked_nano = need_nano
        self._asked_at = now
        waiting_nano, self._waiting_nano = self._waiting_nano, 0
        try:
            least_nano = None if call is None else call.least_nano
            self._source.ask(self, need_nano, min(need_nano, need_nano if least_nano is None else least_nano), waiting_nano)
        except Exception:
            self.receive(LeaseAnswer(None, now + _RETRY_AFTER_SECONDS))
