from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict

from lensai.guard.budget import Budget
from lensai.guard.lease_source import LeaseSource
from lensai.guard.policy import ControlPolicy, KillSwitch
from lensai.guard.scope_index import ScopeIndex, Values

_RETIRED_MAX = 1_000
"""Budgets that are in no policy any more and are remembered, so that one that comes back is not a new one."""


@dataclass(frozen=True)
class PolicyIndex:
    """A policy, arranged for being asked before every call."""

    kill_switches: ScopeIndex[KillSwitch] = field(default_factory=ScopeIndex)
    budgets: ScopeIndex[Budget] = field(default_factory=ScopeIndex)
    is_empty: bool = True

    def concerns(self, values: Values) -> bool:
        """Is a call with these values under any of its rules?"""
        return not self.is_empty and bool(self.kill_switches.match(values) or self.budgets.match(values))


class PolicyBook:
    """The budgets of a process, through all the policies that it is given."""

    def __init__(self, source: LeaseSource) -> None:
        self._source = source
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
                budget = self._budgets[terms.id] = Budget(terms, self._source)
            else:
                budget.change_terms(terms)
            index.budgets.add(terms.scope, budget)
        retired = [key for key in self._budgets if key not in current]
        for key in retired[: max(0, len(retired) - _RETIRED_MAX)]:
            del self._budgets[key]
        return index

    def prefetch(self, policy: ControlPolicy, now: float) -> None:
        """Asks for what first calls will need, of the budgets that are in the policy."""
        for terms in policy.budgets:
            self._budgets[terms.id].prefetch(now)
