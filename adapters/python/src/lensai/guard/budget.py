from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Dict, Optional

from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_source import AccountTerms, LeaseSource, LedgerKey
from lensai.guard.period import BudgetPeriod, period_at
from lensai.guard.policy import BudgetTerms, epoch_seconds
from lensai.guard.scope_index import Values

ACCOUNTS_MAX = 100_000
"""Accounts of one budget that is kept for each value apart. Values beyond share one account with the amount of one: a
program that puts a new name on every call must not get a new budget with each."""

_ALL_OTHERS = "\1others"
"""No value of an attribute: these have no control characters by any sane use. Databases keep no NUL."""

_EVER = float("inf")


class Budget:
    """One budget of the policy, with what this process has of it."""

    def __init__(self, terms: BudgetTerms, source: LeaseSource) -> None:
        self.terms = terms
        self._account_terms = _account_terms_of(terms)
        self._period = _period_of(terms)
        self._source = source
        self._accounts: Dict[Optional[str], BudgetAccount] = {}
        """By the value that each is for; None for the one of all together."""

    @property
    def resets_at(self) -> Optional[str]:
        """ISO 8601, UTC."""
        return None if self._period.end == _EVER else iso_time(self._period.end)

    def account_of(self, values: Values, now: float) -> Optional[BudgetAccount]:
        """The account that a call is charged to; None when it has no value of what the budget is for each of."""
        if now >= self._period.end:
            self._start(period_at(self._period, now))
        each = self.terms.each
        value = None if each is None else values.get(each)
        if each is not None and value is None:
            return None
        known = self._accounts.get(value)
        if known is not None:
            return known
        if len(self._accounts) >= ACCOUNTS_MAX:
            value = _ALL_OTHERS
        return self._accounts.setdefault(value, self._open(value))

    def prefetch(self, now: float) -> None:
        """Asks for what the first call will need. What values there will be, nobody knows."""
        account = None if self.terms.each is not None else self.account_of({}, now)
        if account is not None:
            account.has_room(0, now)

    def change_terms(self, terms: BudgetTerms) -> None:
        """The same budget in a later policy. What was spent stays spent while the period stays."""
        is_otherwise_kept = terms.each != self.terms.each
        self.terms = terms
        self._account_terms = _account_terms_of(terms)
        period = _period_of(terms)
        # An end that was moved keeps the period; one that began later is a new one.
        if is_otherwise_kept or period.start > self._period.start:
            self._start(period)
        elif period.end > self._period.start:
            self._period = replace(period, start=self._period.start)
        for account in self._accounts.values():
            account.change_terms(self._account_terms)

    def _start(self, period: BudgetPeriod) -> None:
        accounts, self._accounts = self._accounts, {}
        self._period = period
        for account in accounts.values():
            account.close()

    def _open(self, value: Optional[str]) -> BudgetAccount:
        key = LedgerKey(self.terms.id, value, self._period.start)
        return BudgetAccount(key, self._account_terms, self._source)


def iso_time(seconds: float) -> str:
    """Unix time as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _account_terms_of(terms: BudgetTerms) -> AccountTerms:
    window = None if terms.window_ms is None else terms.window_ms / 1000
    is_enforced = terms.mode == "enforce"
    return AccountTerms(
        terms.limit_nano_usd,
        terms.fail_mode,
        is_enforced=is_enforced,
        # A budget that makes calls smaller rather than be overspent.
        takes_worst=is_enforced and terms.clamp,
        window_seconds=window,
    )


def _period_of(terms: BudgetTerms) -> BudgetPeriod:
    end = _EVER if terms.resets_at is None else epoch_seconds(terms.resets_at)
    later_ends = tuple(epoch_seconds(time) for time in terms.later_resets_at)
    return BudgetPeriod(epoch_seconds(terms.period_starts_at), end, later_ends)
