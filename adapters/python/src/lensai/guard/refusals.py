"""The errors of calls that are stopped, as the SDKs that make the calls take them."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional, Tuple, Type, TypeVar

from lensai.guard.admission import Hold
from lensai.guard.budget_account import BudgetAccount
from lensai.guard.errors import (
    BudgetExceededError,
    CallStoppedError,
    KillSwitchError,
    PolicyStaleError,
    RefusalCause,
)

E = TypeVar("E", bound=CallStoppedError)

_SDK_ERRORS = (("OpenAI/Python", "openai", "OpenAIError"), ("Anthropic/Python", "anthropic", "AnthropicError"))
"""How an SDK calls itself in its requests, and what all of its errors are."""


def budget_error(hold: Hold, need_nano: int, user_agent: str, *, is_cut_off: bool = False) -> BudgetExceededError:
    """Of a call that `hold.refused_by` stops."""
    charge = hold.refused_by
    assert charge is not None
    account, terms = charge.account, charge.budget.terms
    cause = "unpriced" if hold.is_unpriced else _cause_of(account, need_nano)
    return _class_for(BudgetExceededError, user_agent)(
        terms.id,
        terms.name,
        terms.scope,
        cause=cause,
        value=account.key.value,
        limit_nano_usd=account.terms.limit_nano_usd,
        remaining_nano_usd=max(0, account.available_nano) if cause == "ledger_silent" else account.left_nano,
        held_nano_usd=account.held_nano,
        estimate_nano_usd=None if hold.is_unpriced else need_nano,
        resets_at=charge.budget.resets_at,
        is_cut_off=is_cut_off,
    )


def _cause_of(account: BudgetAccount, need_nano: int) -> RefusalCause:
    if not account.is_reachable:
        return "ledger_silent"
    return "held" if need_nano <= account.unspent_nano else "spent"


def kill_switch_error(hold: Hold, user_agent: str) -> KillSwitchError:
    switch = hold.kill_switch
    assert switch is not None
    return _class_for(KillSwitchError, user_agent)(switch.id, switch.reason, switch.scope, switch.triggered_at)


def stale_error(stale_seconds: int, max_staleness_seconds: Optional[int], user_agent: str) -> PolicyStaleError:
    return _class_for(PolicyStaleError, user_agent)(stale_seconds, max_staleness_seconds or 0)


_classes: Dict[Tuple[Any, Any], Any] = {}


def _class_for(kind: Type[E], user_agent: str) -> Type[E]:
    """The error as one of the SDK's own, so that the SDK passes it on, and its users' `except` sees it."""
    for mark, module_name, error_name in _SDK_ERRORS:
        base = getattr(sys.modules.get(module_name), error_name, None)
        if mark in user_agent and isinstance(base, type):
            key = (kind, base)
            if key not in _classes:
                members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
                _classes[key] = type(kind.__name__, (kind, base), members)
            found: Type[E] = _classes[key]
            return found
    return kind
