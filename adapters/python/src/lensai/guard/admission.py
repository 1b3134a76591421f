"""Decides about a call, at once and from memory: kill-switches first, then every budget that the call is under."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Protocol

from lensai.guard.budget import Budget, BudgetAccount
from lensai.guard.policy import ControlPolicy, KillSwitch
from lensai.guard.scope_index import ScopeIndex, Values

_RETIRED_MAX = 1_000
"""Budgets that are in no policy any more and are remembered, so that one that comes back is not a new one."""


class CallEstimate(Protocol):
    """What a call may cost, before it is made; nano-USD. None: its price is not known."""

    @property
    def amount_nano(self) -> Optional[int]: ...

    def family_max_nano(self) -> Optional[int]:
        """As if it were the dearest model of its family; only asked for where the price is not known."""


@dataclass
class Charge:
    """One budget that a call is under, and what is reserved of it."""

    budget: Budget
    account: BudgetAccount
    value: Optional[str] = None
    """Whose share it is, when the budget is kept for each value of an attribute."""
    amount_nano: int = 0
    is_unpriced: bool = False

    @property
    def remaining_nano(self) -> int:
        return self.budget.remaining_nano(self.account)


@dataclass
class Decision:
    """`unlimited` (under no budget), `allowed`, `warned`, `refused` or `killed`."""

    name: str
    charges: List[Charge] = field(default_factory=list)
    """What the call holds until it is settled; a call that is stopped holds nothing."""
    kill_switch: Optional[KillSwitch] = None
    refused_by: Optional[Charge] = None


@dataclass(frozen=True)
class PolicyIndex:
    """A policy, arranged for being asked before every call."""

    kill_switches: ScopeIndex[KillSwitch] = field(default_factory=ScopeIndex)
    budgets: ScopeIndex[Budget] = field(default_factory=ScopeIndex)
    is_empty: bool = True


class PolicyBook:
    """The budgets of a process, through all the policies that it is given."""

    def __init__(self) -> None:
        self._budgets: Dict[str, Budget] = {}

    def index(self, policy: ControlPolicy) -> PolicyIndex:
        """A new policy: what was spent of a budget that was in an earlier one stays spent."""
        index = PolicyIndex(is_empty=not policy.budgets and not policy.kill_switches)
        for kill_switch in policy.kill_switches:
            index.kill_switches.add(kill_switch.scope, kill_switch)
        current = {terms.id: terms for terms in policy.budgets}
        for terms in current.values():
            budget = self._budgets.get(terms.id)
            if budget is None:
                budget = self._budgets[terms.id] = Budget(terms)
            else:
                budget.change_terms(terms)
            index.budgets.add(terms.scope, budget)
        retired = [key for key in self._budgets if key not in current]
        for key in retired[: max(0, len(retired) - _RETIRED_MAX)]:
            del self._budgets[key]
        return index


def admit(
    policy: PolicyIndex, values: Values, estimate: CallEstimate, *, now: float, is_reachable: bool = True
) -> Decision:
    """A call that is not stopped holds its estimate in each of its budgets until `settle`. Budgets that only watch are
    charged and stop nothing. `is_reachable`: the policy is known to be the current one.
    """
    switches = policy.kill_switches.match(values)
    if switches:
        return Decision("killed", kill_switch=switches[0])
    charges = [
        Charge(budget, account, None if budget.terms.each is None else values.get(budget.terms.each))
        for budget in policy.budgets.match(values)
        if (account := budget.account_of(values, now)) is not None
    ]
    if not charges:
        return Decision("unlimited")
    is_warned = False
    refused_by: Optional[Charge] = None
    for charge in charges:
        if _has_room(charge, estimate, is_reachable):
            continue
        mode = charge.budget.terms.mode
        is_warned = is_warned or mode == "warn"
        # The budget with the least left is the one to tell about.
        if mode == "enforce" and (refused_by is None or charge.remaining_nano < refused_by.remaining_nano):
            refused_by = charge
    if refused_by is not None:
        return Decision("refused", refused_by=refused_by)
    for charge in charges:
        charge.account.reserved_nano += charge.amount_nano
    return Decision("warned" if is_warned else "allowed", charges)


def settle(decision: Decision, spent_nano: Optional[int]) -> None:
    """The call has ended and cost this much. None: nobody knows what it cost, and all that was reserved is spent. A
    second time changes nothing.
    """
    charges, decision.charges = decision.charges, []
    for charge in charges:
        charge.account.reserved_nano -= charge.amount_nano
        charge.account.spent_nano += charge.amount_nano if spent_nano is None else spent_nano


def _has_room(charge: Charge, estimate: CallEstimate, is_reachable: bool) -> bool:
    """Puts the amount on the charge."""
    terms = charge.budget.terms
    amount = estimate.amount_nano
    if amount is None:
        if terms.unknown_price == "assume_family_max":
            amount = estimate.family_max_nano()
        elif terms.unknown_price == "allow":
            amount = 0
    charge.is_unpriced = amount is None
    charge.amount_nano = amount or 0
    if charge.is_unpriced:
        return False
    if not is_reachable and terms.fail_mode != "spend_lease_then_closed":
        return terms.fail_mode == "open"
    return charge.amount_nano <= charge.remaining_nano
