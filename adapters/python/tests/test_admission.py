"""Budgets and kill-switches: what is decided, when nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional

import pytest

from lensai.guard.admission import Hold, admit, settle
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_source import Lease, LeaseAnswer
from lensai.guard.local_leases import LocalLeases
from lensai.guard.period import BudgetPeriod, period_at
from lensai.guard.policy import PolicyError, epoch_seconds, parse_policy
from lensai.guard.policy_index import PolicyBook, PolicyIndex
from policies import START, SWITCH, budget, policy

NOW = epoch_seconds("2026-11-24T12:00:00Z")


class Estimate:
    incurred_nano = 0

    def __init__(self, amount_nano: Optional[int], family_nano: Optional[int] = None) -> None:
        self.amount_nano = amount_nano
        self._family_nano = family_nano

    @property
    def least_nano(self) -> Optional[int]:
        return self.amount_nano

    def family_max_nano(self) -> Optional[int]:
        return self._family_nano


@dataclass
class Decided:
    name: str
    hold: Hold


class Unreachable(LocalLeases):
    """A ledger that nobody can ask any more, after it has lent once."""

    def __init__(self) -> None:
        super().__init__()
        self.has_lent = False

    def ask(self, account: BudgetAccount, need_nano: int, least_nano: int, waiting_nano: int) -> None:
        if self.has_lent:
            raise ConnectionError
        lease = Lease("lease", account.terms.limit_nano_usd, float("inf"), float("inf"))
        account.receive(LeaseAnswer(lease, float("-inf")))
        self.has_lent = True


def index_of(*budgets: Any, kill_switches: Any = (), book: Optional[PolicyBook] = None) -> PolicyIndex:
    return (book or a_book()).index(parse_policy(policy(*budgets, kill_switches=kill_switches)))


def a_book() -> PolicyBook:
    return PolicyBook(LocalLeases())


def decide(index: PolicyIndex, amount: Optional[int], values: Optional[Dict[str, str]] = None, **more: Any) -> Decided:
    hold = Hold()
    estimate = Estimate(amount, more.pop("family", None))
    return Decided(admit(index, hold, estimate, values or {}, now=more.pop("now", NOW), **more), hold)


def test_a_call_holds_its_estimate_until_it_is_settled() -> None:
    index = index_of(budget())
    first = decide(index, 600)
    assert (first.name, decide(index, 401).name, decide(index, 400).name) == ("allowed", "refused", "allowed")
    settle(first.hold, 100)
    settle(first.hold, 100)
    assert decide(index, 501).name == "refused"
    assert decide(index, 500).name == "allowed"


def test_a_call_that_nobody_knows_the_cost_of_has_cost_its_estimate() -> None:
    index = index_of(budget())
    settle(decide(index, 600).hold, None)
    assert decide(index, 401).name == "refused"


def test_a_call_under_no_budget_is_unlimited_and_a_stopped_one_holds_nothing() -> None:
    index = index_of(budget(scope={"team": "a"}), budget(id="b2", limitNanoUsd="5"))
    assert decide(PolicyIndex(), 10**9).name == "unlimited"
    for _ in range(3):
        refused = decide(index, 900, {"team": "a"})
        assert refused.name == "refused" and refused.hold.charges == []
    assert decide(index, 5, {"team": "a"}).name == "allowed"


@pytest.mark.parametrize(("mode", "expected"), [("observe", "allowed"), ("warn", "warned"), ("enforce", "refused")])
def test_only_an_enforcing_budget_stops_a_call(mode: str, expected: str) -> None:
    index = index_of(budget(mode=mode))
    assert decide(index, 1000).name == "allowed"
    assert decide(index, 1).name == expected


@pytest.mark.parametrize(
    ("unknown", "family", "expected"),
    [
        ("block", 1, "refused"),
        ("allow", None, "allowed"),
        ("assume_family_max", 1000, "allowed"),
        ("assume_family_max", 1001, "refused"),
        ("assume_family_max", None, "refused"),
    ],
)
def test_a_call_of_unknown_price_goes_by_the_budget(unknown: str, family: Any, expected: str) -> None:
    assert decide(index_of(budget(unknownPrice=unknown)), None, family=family).name == expected


@pytest.mark.parametrize(
    ("fail_mode", "amount", "expected"),
    [
        ("closed", 1, "refused"),
        ("spend_lease_then_closed", 1000, "allowed"),
        ("spend_lease_then_closed", 1001, "refused"),
        ("open", 1001, "allowed"),
    ],
)
def test_a_budget_that_nobody_can_be_asked_about_goes_by_its_fail_mode(
    fail_mode: str, amount: int, expected: str
) -> None:
    index = PolicyBook(Unreachable()).index(parse_policy(policy(budget(failMode=fail_mode))))
    assert decide(index, 0).name == "allowed"
    # The first one that nobody answers is decided about as before; it tells that nobody does.
    assert decide(index, 2000).name == ("allowed" if fail_mode == "open" else "refused")
    assert decide(index, amount).name == expected


def test_every_value_of_an_attribute_has_the_whole_amount() -> None:
    index = index_of(budget(each="user"))
    decide(index, 1000, {"user": "a"})
    assert decide(index, 1, {"user": "a"}).name == "refused"
    assert decide(index, 1000, {"user": "b"}).name == "allowed"
    assert decide(index, 10**6).name == "unlimited"


def test_a_scope_is_all_of_its_values_and_a_model_may_be_a_beginning() -> None:
    scope = {"model": "gpt-4*", "team": "a"}
    index = index_of(kill_switches=[{**SWITCH, "scope": scope}])
    matching = {"model": "gpt-4o", "team": "a", "user": "u"}
    assert decide(index, 1, matching).name == "killed"
    for changed in ({"model": "gpt-5"}, {"team": "b"}):
        assert decide(index, 1, {**matching, **changed}).name == "unlimited"
    assert decide(index, 1, {"team": "a"}).name == "unlimited"


def test_a_kill_switch_comes_before_every_budget() -> None:
    decision = decide(index_of(budget(), kill_switches=[SWITCH]), 1)
    assert decision.name == "killed" and decision.hold.charges == []


def test_what_was_spent_stays_spent_through_later_policies_of_the_same_period() -> None:
    book = a_book()
    decide(index_of(budget(), book=book), 900)
    assert decide(index_of(budget(limitNanoUsd="950"), book=book), 51).name == "refused"
    index_of(book=book)
    assert decide(index_of(budget(), book=book), 101).name == "refused"
    later = budget(periodStartsAt="2026-11-02T00:00:00Z")
    assert decide(index_of(later, book=book), 1000).name == "allowed"


def test_a_period_that_is_over_is_followed_by_the_next_of_its_kind() -> None:
    index = index_of(budget(resetsAt="2026-12-01T00:00:00Z"))
    decide(index, 1000)
    assert decide(index, 1, now=epoch_seconds("2026-11-30T23:59:59.999Z")).name == "refused"
    assert decide(index, 1000, now=epoch_seconds("2026-12-01T00:00:00Z")).name == "allowed"


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-15T12:00:00Z", ("2026-04-01", "2026-05-01")),
        ("2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z", "2026-03-03T00:00:00Z", ("2026-02-15", "2026-03-15")),
        ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z", "2027-01-01T00:00:00Z", ("2027-01-01", "2027-04-01")),
        ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z", "2026-01-20T00:00:00Z", ("2026-01-15", "2026-01-22")),
    ],
)
def test_periods_of_months_follow_the_calendar(start: str, end: str, now: str, expected: Any) -> None:
    period = BudgetPeriod(epoch_seconds(start), epoch_seconds(end))
    found = period_at(period, epoch_seconds(now))
    assert found == BudgetPeriod(*(epoch_seconds(f"{day}T00:00:00Z") for day in expected))


def test_a_rolling_window_counts_what_its_earlier_slices_spent() -> None:
    slices = budget(periodStartsAt="2026-11-24T12:00:00Z", resetsAt="2026-11-24T12:01:00Z", windowMs=120_000)
    index = index_of(slices)
    settle(decide(index, 600).hold, 550)
    assert decide(index, 451, now=NOW + 60).name == "refused"
    settle(decide(index, 450, now=NOW + 60).hold, 400)
    assert decide(index, 51, now=NOW + 120).name == "refused"
    assert decide(index, 601, now=NOW + 180).name == "refused"
    assert decide(index, 600, now=NOW + 180).name == "allowed"


def test_listed_periods_follow_as_they_are() -> None:
    # Days in Berlin around the end of summer time: 24, 25 and 24 hours.
    ends = [epoch_seconds(f"2026-10-{day}Z") for day in ("23T22:00:00", "24T22:00:00", "25T23:00:00")]
    friday = BudgetPeriod(epoch_seconds("2026-10-22T22:00:00Z"), ends[0], tuple(ends[1:]))
    assert period_at(friday, ends[2] - 1) == BudgetPeriod(ends[1], ends[2])
    assert period_at(friday, ends[2]) == BudgetPeriod(ends[2], ends[2] + 25 * 3600)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not an object"),
        (policy(formatVersion=2), "formatVersion 2 is not supported"),
        (policy(version=-1), "version is not a whole number"),
        (policy(budget(scope={"planet": "mars"})), 'budgets[0].scope has unknown "planet"'),
        (policy(budget(scope={"team": ""})), "budgets[0].scope.team is not a text"),
        (policy(budget(), budget(limitNanoUsd=5)), "budgets[1].limitNanoUsd is not a string"),
        (policy(budget(limitNanoUsd="1.5")), "budgets[0].limitNanoUsd is not a whole amount"),
        (policy(budget(mode="stop")), 'budgets[0].mode is "stop"'),
        (policy(budget(each="planet")), "budgets[0].each is not the name"),
        (policy(budget(clamp=1)), "budgets[0].clamp is not true or false"),
        (policy(budget(periodStartsAt="today")), "budgets[0].periodStartsAt is not a time"),
        (policy(budget(resetsAt=START)), "budgets[0].resetsAt is not after"),
        (
            policy(budget(resetsAt="2026-12-01T00:00:00Z", laterResetsAt=["2026-12-01T00:00:00Z"])),
            "budgets[0].laterResetsAt does not go on from resetsAt",
        ),
        (policy(kill_switches=[{**SWITCH, "reason": None}]), "killSwitches[0].reason is not a string"),
        (policy(budgets=None), "budgets is not a list"),
        (policy(issuedAt="today"), "policy.issuedAt is not a time"),
        (policy(maxStalenessSeconds=-1), "policy.maxStalenessSeconds is not a whole number"),
        (policy(staleMode="half"), 'policy.staleMode is "half"'),
        (policy(prices={"formatVersion": 2}), "policy: prices: formatVersion is not 1"),
        (policy(prices={"formatVersion": 1, "entries": [{}]}), "prices: entries[0] needs either"),
    ],
)
def test_a_policy_that_is_wrong_says_where(document: Any, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(document)
    assert message in str(refused.value)
