from __future__ import annotations

import sys
import threading
import time
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type

from lensai import _attributes as names
from lensai._attribution import ATTRIBUTE_NAMES
from lensai._never_throw import never_throw
from lensai.guard.admission import Decision, PolicyBook, PolicyIndex, admit, settle
from lensai.guard.errors import BudgetExceededError, CallStoppedError, KillSwitchError
from lensai.guard.estimator import EstimatedCall, settled_cost_nano
from lensai.guard.policy import ControlPolicy
from lensai.guard.price_book import PriceBook, list_book
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts

_SCOPED = ("user", "tenant", "team", "feature", "route")

_NOT_SENT = frozenset(
    [
        "ConnectError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "LocalProtocolError",
        "MaxRetryError",
        "NewConnectionError",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
    ]
)
"""Errors of a request that the provider never got; of any other it may charge."""

_SDK_ERRORS = (("OpenAI/Python", "openai", "OpenAIError"), ("Anthropic/Python", "anthropic", "AnthropicError"))
"""How an SDK calls itself in its requests, and what all of its errors are."""


class Admission:
    """What was decided about a call, and what it holds until it has ended."""

    def __init__(self, guard: Guard, call: WireCall, decision: Decision, estimate: _Lazily) -> None:
        self._guard = guard
        self._call = call
        self._decision = decision
        self._estimate = estimate

    @property
    def attributes(self) -> Dict[str, str]:
        """For the span."""
        name = self._decision.name
        return {} if name == "unlimited" else {names.BUDGET_DECISION: name}

    @property
    def is_stopped(self) -> bool:
        return self._decision.name in ("refused", "killed")

    def error(self, user_agent: str) -> CallStoppedError:
        """What the application gets in place of an answer: also an error of the SDK that it calls with."""
        if self._decision.kill_switch is not None:
            switch = self._decision.kill_switch
            killed: CallStoppedError = _class_for(KillSwitchError, user_agent)(switch.id, switch.reason, switch.scope, switch.triggered_at)
            return killed
        charge = self._decision.refused_by
        assert charge is not None
        terms = charge.budget.terms
        refused: CallStoppedError = _class_for(BudgetExceededError, user_agent)(
            terms.id,
            terms.name,
            terms.scope,
            value=charge.value,
            limit_nano_usd=terms.limit_nano_usd,
            remaining_nano_usd=max(0, charge.remaining_nano),
            estimate_nano_usd=None if charge.is_unpriced else charge.amount_nano,
            resets_at=charge.budget.resets_at,
        )
        return refused

    def completed(self, facts: ResponseFacts) -> None:
        self._guard.settle(self._decision, lambda: self._cost_nano(facts))

    def refused(self) -> None:
        """By the provider, which charges nothing for it."""
        self._guard.settle(self._decision, lambda: 0)

    def failed(self, error: BaseException) -> None:
        """Nobody knows whether the provider has worked for it, unless nothing was sent."""
        is_unsent = type(error).__name__ in _NOT_SENT
        self._guard.settle(self._decision, lambda: 0 if is_unsent else self._estimate.cost_so_far_nano(0))

    def _cost_nano(self, facts: ResponseFacts) -> Optional[int]:
        reported = self._guard.cost_nano(self._call, facts)
        if reported is not None:
            return reported
        if not self._call.is_stream or facts.problem == "body_not_read":
            return None
        return self._estimate.cost_so_far_nano(facts.output_tokens_at_most)


class Guard:
    """Decides about calls by a policy, from memory. Whatever breaks inside, it stops no call that the policy does not
    stop.
    """

    def __init__(
        self,
        *,
        environment: Optional[str] = None,
        book: Callable[[], PriceBook] = list_book,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._environment = environment
        self._book = book
        self._now = now
        self._lock = threading.Lock()
        self._policies = PolicyBook()
        self._index = PolicyIndex()
        self._latest = float("-inf")
        self.is_reachable = True
        """Is the policy known to be the current one? If not, the fail mode of each budget says what happens."""
        self.version: Optional[int] = None
        """Of the policy in force; None before there is one."""

    @property
    def is_active(self) -> bool:
        return not self._index.is_empty

    def apply(self, policy: ControlPolicy) -> None:
        """From now on. What was spent of a budget that stays, stays spent."""
        with self._lock:
            self._index = self._policies.index(policy)
            self.version = policy.version

    def admit(self, call: WireCall, attribution: Mapping[str, str], body_bytes: Optional[int]) -> Optional[Admission]:
        """None when there is no policy. `attribution` is by attribute name."""
        if not self.is_active:
            return None
        return never_throw("deciding about a call", self._admit, call, attribution, body_bytes)

    def settle(self, decision: Decision, cost_nano: Callable[[], Optional[int]]) -> None:
        if not decision.charges:
            return
        spent = never_throw("pricing a call", cost_nano)
        with self._lock:
            settle(decision, spent)

    def cost_nano(self, call: WireCall, facts: ResponseFacts) -> Optional[int]:
        return settled_cost_nano(self._book(), call, facts, self._now())

    def _admit(self, call: WireCall, attribution: Mapping[str, str], body_bytes: Optional[int]) -> Admission:
        values = self._values_of(call, attribution)
        # A clock that is set back must not start a period a second time.
        now = self._latest = max(self._latest, self._now())
        estimate = _Lazily(lambda: EstimatedCall(self._book(), call, body_bytes, now))
        with self._lock:
            decision = admit(self._index, values, estimate, now=now, is_reachable=self.is_reachable)
        return Admission(self, call, decision, estimate)

    def _values_of(self, call: WireCall, attribution: Mapping[str, str]) -> Dict[str, str]:
        known = {key: attribution.get(ATTRIBUTE_NAMES[key]) for key in _SCOPED}
        known.update(model=call.model, provider=call.provider, environment=self._environment)
        return {key: value for key, value in known.items() if value is not None}


class _Lazily:
    """A call that is under no budget is not estimated."""

    def __init__(self, make: Callable[[], EstimatedCall]) -> None:
        self._make = make
        self._made: Optional[EstimatedCall] = None

    @property
    def _estimate(self) -> EstimatedCall:
        self._made = self._made or self._make()
        return self._made

    @property
    def amount_nano(self) -> Optional[int]:
        return self._estimate.amount_nano

    def family_max_nano(self) -> Optional[int]:
        return self._estimate.family_max_nano()

    def cost_so_far_nano(self, output_tokens: int) -> Optional[int]:
        return self._estimate.cost_so_far_nano(output_tokens)


_classes: Dict[Tuple[Any, Any], Any] = {}


def _class_for(kind: Type[Any], user_agent: str) -> Type[Any]:
    """The error as one of the SDK's own, so that the SDK passes it on, and its users' `except` sees it."""
    for mark, module_name, error_name in _SDK_ERRORS:
        base = getattr(sys.modules.get(module_name), error_name, None)
        if mark in user_agent and isinstance(base, type):
            key = (kind, base)
            if key not in _classes:
                members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
                _classes[key] = type(kind.__name__, (kind, base), members)
            found: Type[Any] = _classes[key]
            return found
    return kind
