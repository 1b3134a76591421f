from __future__ import annotations

from typing import Dict, List, Tuple

from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_source import Lease, LeaseAnswer, LeaseSource

_EVER = float("inf")


class LocalLeases(LeaseSource):
    """The ledger of a process that has its budgets for itself: all of what is left is one lease. Nothing is kept beyond
    the process: one that starts again starts with the whole budget.
    """

    def __init__(self) -> None:
        self._closed: Dict[Tuple[str, str], List[BudgetAccount]] = {}
        """Slices of rolling windows that are over, by budget and value; those that were closed last come last."""

    def ask(self, account: BudgetAccount, need_nano: int, least_nano: int, waiting_nano: int) -> None:
        self._grant(account)

    def changed(self, account: BudgetAccount) -> None:
        self._grant(account)

    def close(self, account: BudgetAccount) -> None:
        if account.terms.window_seconds is None or account.used_nano == 0:
            return
        window = _window_of(account)
        slices = [*self._closed.pop(window, []), account]
        self._closed[window] = [each for each in slices if _is_within(each, account)]
        for oldest, of_oldest in list(self._closed.items()):
            if any(_is_within(each, account) for each in of_oldest):
                break
            del self._closed[oldest]

    def _grant(self, account: BudgetAccount) -> None:
        key, limit = account.key, account.terms.limit_nano_usd
        before = [each for each in self._closed.get(_window_of(account), []) if _is_within(each, account)]
        lease = Lease(
            id=f"local:{key.budget_id}:{round(key.period_start * 1000)}:{key.value or ''}",
            granted_nano=max(0, limit - sum(each.used_nano for each in before)),
            expires_at=_EVER,
            low_water_nano=-_EVER,
        )
        account.receive(LeaseAnswer(lease, _EVER))


def _is_within(account: BudgetAccount, current: BudgetAccount) -> bool:
    """Does an earlier slice count against the limit of the current one?"""
    return account.key.period_start >= current.key.period_start - (current.terms.window_seconds or 0)


def _window_of(account: BudgetAccount) -> Tuple[str, str]:
    return account.key.budget_id, account.key.value or ""
