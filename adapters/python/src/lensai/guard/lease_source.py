"""Where a process gets the right to spend: from the ledger of its project, or from itself. Amounts are nano-USD; times
are seconds since the epoch, by the guard's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from lensai.guard.budget_account import BudgetAccount


@dataclass(frozen=True)
class LedgerKey:
    """One budget, or one value of a budget that is kept for each value apart, during one period."""

    budget_id: str
    value: Optional[str]
    """Of the attribute that the budget is for each value of; None when it is for all together."""
    period_start: float


@dataclass(frozen=True)
class AccountTerms:
    limit_nano_usd: int
    fail_mode: str
    is_enforced: bool = True
    """It stops calls: the ledger is to know closely what is spent of it."""
    takes_worst: bool = False
    """What nobody counts is taken for the most that it can be: it is never to be overspent."""
    window_seconds: Optional[float] = None
    """Of a rolling window: what its slices of so long before spent counts as well."""


@dataclass(frozen=True)
class Lease:
    """The part of a budget that a process may spend without asking, as the ledger has it now."""

    id: str
    """The spans of calls that are made with it say so."""
    granted_nano: int
    """In all, since the lease began."""
    expires_at: float
    """From then on nothing more may be admitted with it; may be infinite."""
    low_water_nano: float
    """With less than this available, more is asked for in time."""
    tell_at_nano: float = float("inf")
    """The source is to be told, by `changed`, when so much is spent and incurred; may be infinite."""
    free_nano: int = 0
    """Of the whole budget, beyond this lease."""
    lent_nano: int = 0
    """Lent to other processes and not spent by them: it may come back."""


@dataclass(frozen=True)
class LeaseAnswer:
    lease: Optional[Lease]
    """There may be less in it than was asked for. None: nobody knows, and the fail mode of the budget says what happens."""
    retry_at: float
    """From then on it makes sense to ask again."""
    silent_since: float = float("-inf")
    """Where nobody knows: for how long."""


class LeaseSource(ABC):
    """Contract: an `ask` is answered once by the account's `receive`, before it returns or later; an account asks once
    at a time. When it raises, the account goes by the fail mode. `receive` may come unasked as well. All of it happens
    under the guard's lock.
    """

    @abstractmethod
    def ask(self, account: BudgetAccount, need_nano: int, least_nano: int, waiting_nano: int) -> None:
        """There is not enough for a call of this size, which is `least_nano` if it is made as small as it can be, or soon
        will not be. `waiting_nano` is for other calls that wait and have not been asked for.
        """

    @abstractmethod
    def changed(self, account: BudgetAccount) -> None:
        """The limit is another one, or as much is spent and incurred as the lease says: the ledger is to hear of it now."""

    @abstractmethod
    def close(self, account: BudgetAccount) -> None:
        """The period is over: nothing more is asked, though calls may still run."""
