from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Dict, List, Optional, Tuple

from lensai.guard.period import BudgetPeriod, period_at
from lensai.guard.policy import BudgetTerms, epoch_seconds
from lensai.guard.scope_index import Values

ACCOUNTS_MAX = 100_000
"""Accounts of one budget that is kept for each value apart. Values beyond share one account with the amount of one: a
program that puts a new name on every call must not get a new budget with each."""

_ALL_TOGETHER = ""
_ALL_OTHERS = "\0others"
"""No value of an attribute: these are not empty, and have no control characters by any sane use."""


@dataclass
class BudgetAccount:
    """What of one budget was used up in one period; nano-USD."""

    spent_nano: int = 0
    reserved_nano: int = 0
    """For calls that are running."""
    earlier: Tuple[BudgetAccount, ...] = ()
    """Of the slices of a rolling window that count as well."""

    @property
    def used_nano(self) -> int:
        return self.own_nano + sum(account.own_nano for account in self.earlier)

    @property
    def own_nano(self) -> int:
        return self.spent_nano + self.reserved_nano


class Budget:
    """One budget of the policy, with what this process has used of it. Nothing is kept beyond the process."""

    def __init__(self, terms: BudgetTerms) -> None:
        self.terms = terms
        self._period = _period_of(terms)
        self._accounts: Dict[str, BudgetAccount] = {}
        self._slices: List[Tuple[float, Dict[str, BudgetAccount]]] = []
        """Those of a rolling window that are over, and when each began."""

    @property
    def resets_at(self) -> Optional[str]:
        """ISO 8601, UTC."""
        if self._period.end == float("inf"):
            return None
        moment = datetime.fromtimestamp(self._period.end, timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def account_of(self, values: Values, now: float) -> Optional[BudgetAccount]:
        """The account that a call is charged to; None when it has no value of what the budget is for each of."""
        if now >= self._period.end:
            self._start(period_at(self._period, now))
        each = self.terms.each
        value = _ALL_TOGETHER if each is None else values.get(each)
        if value is None:
            return None
        known = self._accounts.get(value)
        if known is None and len(self._accounts) >= ACCOUNTS_MAX:
            value = _ALL_OTHERS
        return known or self._accounts.setdefault(value, BudgetAccount(earlier=self._earlier(value)))

    def remaining_nano(self, account: BudgetAccount) -> int:
        return self.terms.limit_nano_usd - account.used_nano

    def change_terms(self, terms: BudgetTerms) -> None:
        """The same budget in a later policy. What was spent stays spent while the period stays."""
        is_otherwise_kept = terms.each != self.terms.each
        if is_otherwise_kept:
            self._slices, self._accounts = [], {}
        self.terms = terms
        period = _period_of(terms)
        # An end that was moved keeps the period; one that began later is a new one.
        if is_otherwise_kept or period.start > self._period.start:
            self._start(period)
        elif period.end > self._period.start:
            self._period = replace(period, start=self._period.start)

    def _start(self, period: BudgetPeriod) -> None:
        since = period.start - (self.terms.window_ms or 0) / 1000
        slices = [*self._slices, (self._period.start, self._accounts)]
        self._slices = [each for each in slices if each[0] >= since and each[0] < period.start]
        self._accounts = {}
        self._period = period

    def _earlier(self, value: str) -> Tuple[BudgetAccount, ...]:
        return tuple(accounts[value] for _, accounts in self._slices if value in accounts)


def _period_of(terms: BudgetTerms) -> BudgetPeriod:
    end = float("inf") if terms.resets_at is None else epoch_seconds(terms.resets_at)
    later_ends = tuple(epoch_seconds(time) for time in terms.later_resets_at)
    return BudgetPeriod(epoch_seconds(terms.period_starts_at), end, later_ends)
