from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Dict

from lensai.guard.budget import iso_time
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.lease_documents import digits, ledger_value_of

RENEWAL_SECONDS = 4.0
"""How often leases are renewed and what was spent is told, if nothing else is to be asked."""
FIRST_WANT_NANO = 20_000_000
"""What is asked for ahead while nothing is known about the calls of a budget: some cents."""
_TOLD_PARTS_OF_LIMIT = 1_000
"""A process that spends so much of a limit, in parts, tells the ledger: so much is unknown of one that dies."""

_NEVER = float("-inf")


@dataclass(eq=False)
class HeldLease:
    """A lease of this process, and what is known of it between two answers. Times are of the clock of timers, which
    nobody sets.
    """

    account: BudgetAccount
    lease_id: str
    need_nano: int = 0
    """The call at hand."""
    least_nano: float = float("inf")
    """Made as small as it can be; infinity while none is at hand."""
    want_nano: int = FIRST_WANT_NANO
    """What to have ahead."""
    granted_at: float = _NEVER
    expires_at: float = _NEVER
    used_nano: int = 0
    """Spent and reserved, when the lease was last renewed."""
    gone_nano: int = 0
    """Spent and incurred, then."""
    told_nano: int = 0
    """Spent and incurred, when the ledger was last told; and when that was."""
    told_at: float = _NEVER
    idle_renewals: int = 0
    is_closing: bool = False

    @property
    def tell_step_nano(self) -> float:
        """The ledger is told, without being asked for anything, when so much more is gone than it knows."""
        terms = self.account.terms
        return terms.limit_nano_usd / _TOLD_PARTS_OF_LIMIT if terms.is_enforced else float("inf")


def _last_word_nano_of(held: HeldLease) -> float:
    """What calls that run will have cost, and calls that are yet to be made, if this is the last word of the process: it
    is taken to spend as it did since the word before, and to die half-way to its next one.
    """
    account = held.account
    since = max(0.001, time.monotonic() - held.told_at)
    gone_nano = max(0, account.gone_nano - held.told_nano)
    until_next_nano = min(gone_nano * min(1.0, RENEWAL_SECONDS / since), held.tell_step_nano)
    expected_nano = account.incurred_nano + until_next_nano / 2
    return max(account.incurred_nano, min(expected_nano, account.granted_nano - account.spent_nano))


def report_of(held: HeldLease) -> Dict[str, Any]:
    account, key = held.account, held.account.key
    return {
        "leaseId": held.lease_id,
        "budgetId": key.budget_id,
        **({} if key.value is None else {"value": ledger_value_of(key.value)}),
        "periodStartsAt": iso_time(key.period_start),
        "grantedNanoUsd": digits(account.granted_nano),
        "spentNanoUsd": digits(account.spent_nano),
        "reservedNanoUsd": digits(account.reserved_nano),
        "incurredNanoUsd": digits(_last_word_nano_of(held)),
        "uncertainNanoUsd": digits(account.uncertain_nano),
        "needNanoUsd": digits(held.need_nano),
        **({"leastNanoUsd": digits(held.least_nano)} if held.least_nano < held.need_nano else {}),
        "wantNanoUsd": digits(0 if held.is_closing else held.want_nano),
        "isFinal": False,
    }


def final_report_of(held: HeldLease) -> Dict[str, Any]:
    report = report_of(held)
    return {**report, "grantedNanoUsd": report["spentNanoUsd"], "needNanoUsd": "0", "isFinal": True}
