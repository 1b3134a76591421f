from __future__ import annotations

import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional

from lensai._background import run_in_background, without_instrumentation
from lensai._never_throw import never_throw
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_documents import (
    LEASES_PER_REQUEST_MAX,
    LeaseGrant,
    LedgerAnswer,
    lease_request,
)
from lensai.guard.held_lease import FIRST_WANT_NANO, RENEWAL_SECONDS, HeldLease, final_report_of, report_of
from lensai.guard.lease_source import Lease, LeaseAnswer, LeaseSource

_IDLE_RENEWALS_MAX = 2
"""An account for one value of many that no call was made under for so many renewals gives its lease back."""
_RENEWALS_AHEAD = 4
"""What is spent in the time of so many renewals is wanted ahead: a ledger that is gone for a while stops nobody."""
_REFILL_SECONDS = 1.0
"""Leases that are used up faster than this are asked for twice as large, slower ones half as large."""
_RETRY_MIN_SECONDS = 0.5
"""After a failure, doubling with every further one; no later than leases are renewed anyway."""
_FINALS_MAX = 10_000
"""Last words that wait for a ledger that is gone; the leases of those that are lost run out by themselves."""
_LAST_EXCHANGE_SECONDS = 4.0
"""How long the end of a process waits for an exchange that is under way."""

_NEVER = float("-inf")


class RemoteLeases(LeaseSource):
    """Leases from the ledger of the project. One request at a time for all budgets of the process; what comes up meanwhile
    goes with the next. Every request says all about its leases, so that none has to arrive. A thread of its own asks,
    which lives as long as there are leases.
    """

    def __init__(
        self,
        *,
        instance_id: str,
        exchange: Callable[[Mapping[str, Any]], LedgerAnswer],
        lock: threading.Lock,
        now: Callable[[], float],
        on_ledger_time: Callable[[float, float], None] = lambda seconds, took: None,
        renewal_seconds: float = RENEWAL_SECONDS,
    ) -> None:
        """`instance_id`: of this start of this process; random. `exchange` asks the ledger, and raises when there is no
        usable answer in time. `lock` is the guard's, `now` its clock. `on_ledger_time` is told what the ledger's clock
        showed at some time during so many seconds before.
        """
        self._instance_id = instance_id
        self._ask_ledger = exchange
        self._now = now
        self._on_ledger_time = on_ledger_time
        self._renewal_seconds = renewal_seconds
        self._lock = lock
        self._wake = threading.Condition(lock)
        self._turn = threading.Lock()
        """Who has it may ask: one request at a time."""
        self._held: Dict[BudgetAccount, HeldLease] = {}
        self._due: Dict[HeldLease, None] = {}
        self._finals: List[Dict[str, Any]] = []
        """The last words of leases that are over, until they are told."""
        self._leases = 0
        self._sequence = 0
        self._failures = 0
        self._silent_since = 0.0
        """When the first of them was asked, by the guard's clock."""
        self._is_running = False
        self._is_exchanging = False
        self._is_wanted = False
        """Somebody has asked since the last exchange began."""
        self._on_answered: List[Callable[[], None]] = []

    def ask(self, account: BudgetAccount, need_nano: int, least_nano: int, waiting_nano: int) -> None:
        held = self._held_by(account)
        held.need_nano = max(held.need_nano, need_nano)
        held.least_nano = min(held.least_nano, least_nano)
        is_fast = time.monotonic() - held.granted_at < _REFILL_SECONDS
        ahead = max(held.want_nano * 2 if is_fast else held.want_nano, 2 * need_nano + waiting_nano, account.growing_nano)
        # A lease that is asked for in vain would be asked for twice as large each time.
        held.want_nano = min(ahead, account.terms.limit_nano_usd)
        held.idle_renewals = 0
        self._send(held)

    def changed(self, account: BudgetAccount) -> None:
        held = self._held.get(account)
        if held is not None:
            self._send(held)

    def close(self, account: BudgetAccount) -> None:
        held = self._held.get(account)
        if held is not None:
            held.is_closing = True
            self._send(held)

    def when_answered(self, tell: Callable[[], None]) -> None:
        """When what was asked for so far was answered, or cannot be; at once where nothing was."""
        with self._lock:
            if self._is_exchanging or self._is_wanted:
                self._on_answered.append(tell)
                return
        tell()

    def give_back(self) -> None:
        """Tells the ledger what was spent, and gives the rest back; returns when it was told, or could not be."""
        if not self._turn.acquire(timeout=_LAST_EXCHANGE_SECONDS):
            return
        try:
            with self._lock:
                for held in self._held.values():
                    held.is_closing = True
                    self._due[held] = None
            self._exchange()
            while self._is_waiting and self._failures == 0:
                self._exchange()
        finally:
            self._turn.release()

    @property
    def _is_waiting(self) -> bool:
        return bool(self._due or self._finals)

    def _held_by(self, account: BudgetAccount) -> HeldLease:
        known = self._held.get(account)
        if known is not None:
            return known
        if not self._is_running:
            run_in_background("lensai-leases", self._run)
            self._is_running = True
        self._leases += 1
        held = HeldLease(account, f"{self._instance_id}.{self._leases}")
        self._held[account] = held
        return held

    def _send(self, held: HeldLease) -> None:
        self._due[held] = None
        self._is_wanted = True
        self._wake.notify_all()

    def _run(self) -> None:
        renews_at = time.monotonic() + self._renewal_seconds
        while True:
            with self._wake:
                while not self._is_wanted and time.monotonic() < renews_at:
                    self._wake.wait(max(0.0, renews_at - time.monotonic()))
                if time.monotonic() >= renews_at:
                    renews_at = time.monotonic() + self._renewal_seconds
                    self._renew()
                if not self._held and not self._is_waiting:
                    self._is_running = False
                    return
            with self._turn:
                never_throw("asking for leases", self._exchange)

    def _renew(self) -> None:
        now = time.monotonic()
        for held in self._held.values():
            account = held.account
            # A clock that was set back would let the lease live on.
            if now >= held.expires_at:
                account.lapse()
            held.idle_renewals = held.idle_renewals + 1 if account.used_nano == held.used_nano else 0
            held.used_nano = account.used_nano
            ahead = _RENEWALS_AHEAD * max(0, account.gone_nano - held.gone_nano)
            held.gone_nano = account.gone_nano
            ahead = max(FIRST_WANT_NANO, held.want_nano // 2, ahead, account.growing_nano)
            held.want_nano = min(ahead, account.terms.limit_nano_usd)
            is_idle = account.key.value is not None and held.idle_renewals >= _IDLE_RENEWALS_MAX
            if is_idle and account.reserved_nano == 0:
                held.is_closing = True
            self._due[held] = None

    def _exchange(self) -> None:
        """One request, by whoever has the turn. Raises nothing."""
        with self._lock:
            self._is_wanted, self._is_exchanging = False, True
            asked = self._take_due()
            finals = self._finals[: LEASES_PER_REQUEST_MAX - len(asked)]
            del self._finals[: len(finals)]
            request = self._request(asked, finals)
            asked_at = self._now()
        sent_at = time.monotonic()
        try:
            with without_instrumentation():
                answer = self._ask_ledger(request) if asked or finals else None
        except Exception:
            answer = None
        with self._lock:
            if answer is not None:
                self._answered(asked, answer, sent_at, asked_at)
            elif asked or finals:
                self._failed(asked, finals, asked_at)
            self._is_exchanging = False
            # What did not fit goes at once, unless nobody answers: then with what is asked for next.
            self._is_wanted = self._is_wanted or (self._is_waiting and self._failures == 0)
            told, self._on_answered = self._on_answered, []
        for tell in told:
            tell()

    def _request(self, asked: List[HeldLease], finals: List[Dict[str, Any]]) -> Mapping[str, Any]:
        if asked or finals:
            self._sequence += 1
        leases = [report_of(held) for held in asked]
        for held in asked:
            held.need_nano = 0
            held.least_nano = float("inf")
            held.told_nano = held.account.gone_nano
            held.told_at = time.monotonic()
        return lease_request(self._instance_id, self._sequence, [*leases, *finals])

    def _take_due(self) -> List[HeldLease]:
        """Leases that are over have nobody to answer any longer: their accounts may begin others at once."""
        asked: List[HeldLease] = []
        for held in list(self._due):
            if len(asked) + len(self._finals) >= LEASES_PER_REQUEST_MAX:
                break
            del self._due[held]
            account = held.account
            if held.is_closing and account.reserved_nano == 0:
                self._finals.append(final_report_of(held))
                self._held.pop(account, None)
                account.release()
            else:
                asked.append(held)
        return asked

    def _answered(self, asked: List[HeldLease], answer: LedgerAnswer, sent_at: float, asked_at: float) -> None:
        self._failures = 0
        self._on_ledger_time(answer.now, time.monotonic() - sent_at)
        for held in asked:
            grant = answer.grants.get(held.lease_id)
            if grant is None:
                self._unreachable(held, asked_at)
            else:
                self._granted(held, grant, sent_at)

    def _failed(self, asked: List[HeldLease], finals: List[Dict[str, Any]], asked_at: float) -> None:
        if self._failures == 0:
            self._silent_since = asked_at
        self._failures += 1
        if len(self._finals) < _FINALS_MAX:
            self._finals.extend(finals)
        for held in asked:
            self._unreachable(held, self._silent_since)

    def _granted(self, held: HeldLease, grant: LeaseGrant, sent_at: float) -> None:
        account = held.account
        # What is too much is not used from now on, and the next request says that it was given back.
        kept_nano = min(grant.granted_nano, account.used_nano + grant.keep_nano)
        ahead_nano = max(0, kept_nano - account.used_nano)
        held.granted_at = time.monotonic()
        held.expires_at = sent_at + grant.ttl_seconds
        now = self._now()
        lease = Lease(
            id=held.lease_id,
            granted_nano=kept_nano,
            expires_at=_NEVER if grant.state == "refused" else now + held.expires_at - held.granted_at,
            low_water_nano=ahead_nano / 2,
            tell_at_nano=held.told_nano + held.tell_step_nano,
            free_nano=grant.free_nano,
            lent_nano=grant.lent_nano,
        )
        account.receive(LeaseAnswer(lease, now + grant.retry_after_seconds))
        if grant.granted_nano - kept_nano > ahead_nano:
            self._due[held] = None

    def _unreachable(self, held: HeldLease, silent_since: float) -> None:
        backoff = min(_RETRY_MIN_SECONDS * float(1 << min(max(self._failures - 1, 0), 10)), self._renewal_seconds)
        held.account.receive(LeaseAnswer(None, self._now() + backoff, silent_since))
