"""Decides about a call, at once and from memory: kill-switches first, then every budget that the call is under. All of
it happens under the guard's lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional, Protocol

from lensai.guard.budget import Budget
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.policy import KillSwitch
from lensai.guard.policy_index import PolicyIndex
from lensai.guard.scope_index import Values


class CallEstimate(Protocol):
    """What a call may cost, before it is made; nano-USD. None: its price is not known."""

    @property
    def amount_nano(self) -> Optional[int]: ...

    @property
    def incurred_nano(self) -> int:
        """What it comes to if the process dies as soon as the call is made; 0 where the price is not known."""

    @property
    def incurred_nano_at_most(self) -> int:
        """The same at most."""

    @property
    def least_nano(self) -> Optional[int]:
        """As `amount_nano`, if it is made as small as it can be."""

    def family_max_nano(self) -> Optional[int]:
        """As if it were the dearest model of its family; only asked for where the price is not known."""


@dataclass
class Charge:
    """One budget that a call is under, and what is reserved of it."""

    budget: Budget
    account: BudgetAccount
    amount_nano: int = 0
    """0 for a call of unknown price that the budget lets pass."""
    incurred_nano: int = 0
    """The part of it that is gone if the process dies now."""


@dataclass
class Hold:
    """What one call holds of the budgets that it is under, from its admission to its end."""

    charges: List[Charge] = field(default_factory=list)
    """Nothing once the call has ended, and where it was stopped."""
    matched: List[Charge] = field(default_factory=list)
    """Also of a call that was stopped: the budgets that it is under."""
    kill_switch: Optional[KillSwitch] = None
    refused_by: Optional[Charge] = None
    is_unpriced: bool = False
    """Refused because nobody knows its price."""
    is_warned: bool = False
    is_growing: bool = False
    """Of a stream that is metered: it may need more as it goes on."""

    @property
    def takes_worst(self) -> bool:
        """One of its budgets is never to be overspent: what nobody has counted is charged at most."""
        return any(charge.account.terms.takes_worst for charge in self.charges)


def admit(
    policy: PolicyIndex,
    hold: Hold,
    estimate: CallEstimate,
    values: Values,
    *,
    now: float,
    can_wait: bool = True,
    is_stoppable: bool = True,
) -> str:
    """`unlimited` (under no budget), `allowed`, `warned`, `refused` or `killed`.

    A call that is not stopped holds its estimate in each of its budgets until `settle`; one that is stopped holds
    nothing, and `hold` says by what. Budgets that only watch are charged and stop nothing. Without `can_wait`, a call is not
    refused for want of the ledger's first answer: it is charged, and marked as if it were warned of. So is one that is
    not to be stopped (`is_stoppable`).
    """
    hold.refused_by = None
    hold.is_unpriced = hold.is_warned = False
    switches = policy.kill_switches.match(values)
    if switches and is_stoppable:
        hold.kill_switch = switches[0]
        return "killed"
    hold.is_warned = bool(switches)
    hold.matched = [
        Charge(budget, account)
        for budget in policy.budgets.match(values)
        if (account := budget.account_of(values, now)) is not None
    ]
    if not hold.matched:
        return "warned" if hold.is_warned else "unlimited"
    for charge in hold.matched:
        _check_room(charge, estimate, hold, now, can_wait)
    if hold.refused_by is not None:
        if is_stoppable:
            return "refused"
        hold.is_warned = True
    hold.charges = hold.matched
    incurred_nano = estimate.incurred_nano_at_most if hold.takes_worst else estimate.incurred_nano
    for charge in hold.charges:
        # Not more than is reserved: a budget may let calls of unknown price pass for nothing.
        charge.incurred_nano = min(incurred_nano, charge.amount_nano)
        charge.account.reserve(charge.amount_nano, charge.incurred_nano)
        if hold.is_growing:
            charge.account.growing_nano += charge.amount_nano
    return "warned" if hold.is_warned else "allowed"


def room_to_clamp(hold: Hold) -> Optional[int]:
    """The most that a refused call could cost and be admitted. None when a budget that refuses it does not let calls be
    made smaller.
    """
    refusing = [
        charge
        for charge in hold.matched
        if charge.budget.terms.mode == "enforce" and charge.amount_nano > charge.account.room_nano
    ]
    if not refusing or not all(charge.budget.terms.clamp for charge in refusing):
        return None
    return min(charge.account.room_nano for charge in refusing)


def top_up(hold: Hold, amount_nano: int, now: float) -> bool:
    """Reserves more for a call that runs: in all of its budgets, or in none. False where an enforcing budget has no room;
    watching ones are overdrawn.
    """
    for charge in hold.charges:
        if not charge.account.has_more(amount_nano, now) and charge.budget.terms.mode == "enforce":
            hold.refused_by = charge
            return False
    for charge in hold.charges:
        charge.account.reserve(amount_nano, 0)
        if hold.is_growing:
            charge.account.growing_nano += amount_nano
        charge.amount_nano += amount_nano
    return True


def incur(hold: Hold, more_nano: int) -> None:
    """So much more of what a call that runs holds is gone if the process dies now."""
    for charge in hold.charges:
        charge.account.incur(more_nano)
        charge.incurred_nano += more_nano


def settle(hold: Hold, spent_nano: Optional[int], at_most_nano: Optional[int] = None) -> int:
    """The call has ended and cost this much, and `at_most_nano` where nobody has counted it. Without a cost nobody knows
    anything, and all that was reserved is spent. A second time changes nothing. Answers with how much of it a lease was
    overdrawn by: what a call needs beyond what it held, the rest of its process's lease pays for.
    """
    charges, hold.charges = hold.charges, []
    overdrawn_nano = 0
    for charge in charges:
        spent = charge.amount_nano if spent_nano is None else spent_nano
        uncertain = 0 if at_most_nano is None else max(0, at_most_nano - spent)
        charge.account.settle(charge.amount_nano, charge.incurred_nano, spent, uncertain)
        if hold.is_growing:
            charge.account.growing_nano -= charge.amount_nano
        overdrawn_nano = max(overdrawn_nano, min(spent - charge.amount_nano, -charge.account.available_nano))
    return overdrawn_nano


def _check_room(charge: Charge, estimate: CallEstimate, hold: Hold, now: float, can_wait: bool) -> None:
    """Puts the amount on the charge, and on the hold what speaks against it."""
    amount_nano = estimate.amount_nano
    if amount_nano is None:
        amount_nano = _assumed_nano(charge.budget, estimate)
    is_unpriced = amount_nano is None
    charge.amount_nano = amount_nano or 0
    has_room = charge.account.has_room(charge.amount_nano, now, estimate)
    if has_room and not is_unpriced:
        return
    is_early = not can_wait and not is_unpriced and charge.account.is_unanswered
    if is_early or charge.budget.terms.mode == "warn":
        hold.is_warned = True
    elif charge.budget.terms.mode == "enforce":
        _refuse(charge, hold, is_unpriced)


def _refuse(charge: Charge, hold: Hold, is_unpriced: bool) -> None:
    """The budget with the least left is the one to tell about."""
    if hold.refused_by is None or charge.account.available_nano < hold.refused_by.account.available_nano:
        hold.refused_by = charge
        hold.is_unpriced = is_unpriced


def _assumed_nano(budget: Budget, estimate: CallEstimate) -> Optional[int]:
    if budget.terms.unknown_price == "assume_family_max":
        return estimate.family_max_nano()
    return 0 if budget.terms.unknown_price == "allow" else None
