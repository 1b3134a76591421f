"""What a process and the ledger of its project tell each other."""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Mapping, Optional

import pytest

from control_server import ControlServer
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_documents import LedgerAnswer, ledger_value_of, parse_ledger_answer
from lensai.guard.lease_source import AccountTerms, LedgerKey
from lensai.guard.policy import epoch_seconds
from lensai.guard.remote_leases import RemoteLeases
from waiting import until

NOW = epoch_seconds("2026-11-24T12:00:00Z")
PERIOD = epoch_seconds("2026-11-01T00:00:00Z")
WANT = 20_000_000


class Ledger:
    """The one of ControlServer, without a network."""

    def __init__(self, renewal_seconds: float = 60.0) -> None:
        self.rules = ControlServer()
        self.requests: List[Any] = []
        self.is_gone = False
        self.hold: Optional[threading.Event] = None
        self.lock = threading.Lock()
        self.heard: List[float] = []
        self.leases = RemoteLeases(
            instance_id="instance-1",
            exchange=self.exchange,
            lock=self.lock,
            now=lambda: NOW,
            on_ledger_time=lambda seconds, took: self.heard.append(seconds),
            renewal_seconds=renewal_seconds,
        )

    def exchange(self, request: Mapping[str, Any]) -> LedgerAnswer:
        self.requests.append(request)
        if self.hold is not None:
            assert self.hold.wait(10)
        if self.is_gone:
            raise ConnectionError
        grants = [self.rules._grant(report) for report in request["leases"]]
        return parse_ledger_answer({"leases": grants, "nowUnixMs": 1_795_521_600_000})

    @property
    def last(self) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = self.requests[-1]["leases"]
        return found

    def account(self, value: Optional[str] = None, fail_mode: str = "spend_lease_then_closed") -> BudgetAccount:
        return BudgetAccount(LedgerKey("bud_1", value, PERIOD), AccountTerms(10**12, fail_mode, is_enforced=False), self.leases)

    def has_room(self, account: BudgetAccount, amount: int) -> bool:
        with self.lock:
            return account.has_room(amount, NOW)

    def reserve(self, account: BudgetAccount, amount: int, incurred: int = 0) -> None:
        with self.lock:
            account.reserve(amount, incurred)

    def settle(self, account: BudgetAccount, amount: int, incurred: int, spent: int) -> None:
        with self.lock:
            account.settle(amount, incurred, spent)

    def lent(self, account: BudgetAccount, amount: int = 10) -> BudgetAccount:
        self.has_room(account, amount)
        until(lambda: not account.is_asking)
        return account


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_accounts_that_ask_while_a_question_is_open_ask_together_and_steady_calls_ask_nobody(ledger: Ledger) -> None:
    ledger.hold = threading.Event()
    first, *others = [ledger.account(name) for name in ("ann", "bob", "cid")]
    assert not ledger.has_room(first, 10)
    until(lambda: ledger.requests)
    assert [ledger.has_room(each, 10) for each in others] == [False, False]
    ledger.hold.set()
    until(lambda: len(ledger.requests) == 2 and not others[1].is_asking)
    assert [(each["leaseId"], each["value"]) for each in ledger.last] == [("instance-1.2", "bob"), ("instance-1.3", "cid")]
    assert ledger.last[0]["periodStartsAt"] == "2026-11-01T00:00:00.000Z"
    for _ in range(1000):
        assert ledger.has_room(first, 10)
        ledger.reserve(first, 10, 1)
        ledger.settle(first, 10, 1, 4)
    assert len(ledger.requests) == 2
    assert ledger.heard == [1_795_521_600.0, 1_795_521_600.0]


def test_what_was_spent_is_told_with_every_renewal_from_the_beginning_of_the_lease() -> None:
    ledger = Ledger(renewal_seconds=0.05)
    account = ledger.lent(ledger.account())
    ledger.reserve(account, 100, 30)
    ledger.settle(account, 100, 30, 60)
    ledger.reserve(account, 50, 20)
    until(lambda: ledger.last[0]["spentNanoUsd"] == "60")
    assert (ledger.last[0]["reservedNanoUsd"], ledger.last[0]["isFinal"]) == ("50", False)
    # Beyond what runs, it may spend as it did since the word before.
    assert int(ledger.last[0]["incurredNanoUsd"]) >= 20
    sequences = [request["sequence"] for request in ledger.requests]
    assert sequences == list(range(1, len(sequences) + 1))


def test_more_is_asked_for_before_there_is_nothing_left_and_twice_as_much_where_it_goes_fast(ledger: Ledger) -> None:
    account = ledger.lent(ledger.account())
    assert account.available_nano == WANT
    ledger.reserve(account, WANT * 6 // 10)
    assert ledger.has_room(account, 10)
    until(lambda: len(ledger.requests) == 2 and not account.is_asking)
    assert ledger.last[0]["wantNanoUsd"] == str(2 * WANT)
    assert account.available_nano == 2 * WANT


def test_what_the_ledger_does_not_let_it_keep_is_given_back(ledger: Ledger) -> None:
    ledger.rules.keep_nano = 1000
    account = ledger.lent(ledger.account())
    assert account.available_nano == 1000
    until(lambda: len(ledger.requests) > 1)
    assert ledger.last[0]["grantedNanoUsd"] == "1000"


def test_a_ledger_that_is_gone_leaves_what_is_held_and_is_asked_again(ledger: Ledger) -> None:
    account = ledger.lent(ledger.account())
    ledger.is_gone = True
    ledger.has_room(account, 2 * WANT)
    until(lambda: len(ledger.requests) == 2 and not account.is_asking)
    assert ledger.has_room(account, WANT)
    closed = ledger.lent(ledger.account("x", "closed"))
    assert not ledger.has_room(closed, 0)
    assert ledger.has_room(ledger.lent(ledger.account("y", "open")), 10**9)


def test_a_lease_that_was_not_renewed_admits_nothing() -> None:
    ledger = Ledger(renewal_seconds=0.05)
    ledger.rules.ttl_ms = 10
    account = ledger.lent(ledger.account())
    ledger.is_gone = True
    until(lambda: not ledger.has_room(account, 1))


def test_what_is_over_is_told_when_its_last_call_has_ended_and_the_account_may_begin_again(ledger: Ledger) -> None:
    account = ledger.lent(ledger.account())
    ledger.reserve(account, 100)
    with ledger.lock:
        account.close()
    until(lambda: len(ledger.requests) == 2)
    assert (ledger.last[0]["isFinal"], ledger.last[0]["wantNanoUsd"]) == (False, "0")
    ledger.settle(account, 100, 0, 70)
    ledger.leases.give_back()
    assert ledger.last[0]["isFinal"] and ledger.last[0]["spentNanoUsd"] == ledger.last[0]["grantedNanoUsd"] == "70"
    assert ledger.rules.free_nano == 10**9 - 70
    assert account.lease_id == ""
    assert ledger.lent(account).lease_id == "instance-1.2"


def test_values_that_nobody_calls_under_give_their_leases_back() -> None:
    ledger = Ledger(renewal_seconds=0.03)
    account = ledger.lent(ledger.account("ann"))
    until(lambda: account.lease_id == "")
    until(lambda: ledger.rules.granted == {})
    # And its thread ends: nothing is asked any more.
    until(lambda: not ledger.leases._is_running)
    assert ledger.lent(account).lease_id == "instance-1.2"


def test_an_account_that_waits_is_told_of_the_answer(ledger: Ledger) -> None:
    ledger.hold = threading.Event()
    account = ledger.account()
    told: List[int] = []
    ledger.has_room(account, 10)
    answer = account.next_answer(NOW)
    ledger.leases.when_answered(lambda: told.append(1))
    assert answer is not None and not answer.until.done() and told == []
    ledger.hold.set()
    answer.until.result(10)
    until(lambda: told == [1])
    assert account.next_answer(NOW) is None
    ledger.leases.when_answered(lambda: told.append(2))
    assert told == [1, 2]


def test_a_value_is_named_as_the_ledger_names_it() -> None:
    assert ledger_value_of("a\0b") == "ab"
    assert ledger_value_of("x" * 600) == "x" * 512
    # Emoji are two units each.
    assert ledger_value_of("🙂" * 300) == "🙂" * 256


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "no list of leases"),
        ({"leases": [], "nowUnixMs": "now"}, "answer.nowUnixMs"),
        ({"leases": [{"leaseId": "l", "state": "lent"}], "nowUnixMs": 1}, "leases[0].state"),
        ({"leases": [{"leaseId": "l", "state": "granted", "grantedNanoUsd": 5}], "nowUnixMs": 1}, "grantedNanoUsd"),
    ],
)
def test_an_answer_that_is_none_says_where(document: Any, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_ledger_answer(document)
    assert message in str(refused.value)
