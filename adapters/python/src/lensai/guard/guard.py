from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Callable, Dict, Mapping, Optional, Tuple

from lensai._attribution import ATTRIBUTE_NAMES
from lensai._never_throw import never_throw
from lensai.guard.admission import Hold, admit, room_to_clamp
from lensai.guard.clamp import CLAMPED_TOKENS_MIN, json_bytes, with_output_limit
from lensai.guard.errors import CallStoppedError
from lensai.guard.estimator import EstimatedCall, Estimator
from lensai.guard.first_policy import FirstPolicy
from lensai.guard.guard_clock import GuardClock
from lensai.guard.guarded_call import DecidedCall, GuardedCall
from lensai.guard.lease_source import LeaseSource
from lensai.guard.local_leases import LocalLeases
from lensai.guard.policy import ControlPolicy
from lensai.guard.policy_age import PolicyAge, policy_age
from lensai.guard.policy_index import PolicyBook, PolicyIndex
from lensai.guard.price_book import PriceBook, list_book
from lensai.guard.refusals import budget_error, kill_switch_error, stale_error
from lensai.guard.request_size import request_size_of
from lensai.guard.waiting import Wait
from lensai.wire.call import WireCall

_SCOPED = ("user", "tenant", "team", "feature", "route")


@dataclass(frozen=True)
class GuardedRequest:
    """What a transport knows of a request when it asks whether it may be sent."""

    body_bytes: Optional[int] = None
    """The length of the body, where it is known."""
    is_body_changeable: bool = False
    """The transport can send another JSON body in place of this one: it has it whole, and nobody has signed it."""
    is_cuttable: bool = False
    """The transport stops a stream when it is told to."""
    can_wait: bool = True
    """The transport can hold the request back until the ledger has answered, and asks again then."""
    user_agent: str = ""


class Guard:
    """Decides about every call of a process, by the policy that it was given last. Whatever breaks inside, the calls go on
    as if there were no guard, and the failure is reported: it raises nothing.
    """

    def __init__(
        self,
        *,
        environment: Optional[str] = None,
        book: Callable[[], PriceBook] = list_book,
        leases: Optional[LeaseSource] = None,
        first_policy: Optional[FirstPolicy] = None,
        now: Callable[[], float] = time.time,
        silent_seconds: Callable[[], Optional[float]] = lambda: None,
        lock: Optional[threading.Lock] = None,
    ) -> None:
        """`silent_seconds`: for how long nothing was heard of the policy; None for one that nobody tells. `lock`: the one
        under which `leases` answer.
        """
        self._environment = environment
        self._book = book
        self._clock = GuardClock(now)
        self._silent_seconds = silent_seconds
        self._estimator: Optional[Estimator] = None
        self._index = PolicyIndex()
        self.policy: Optional[ControlPolicy] = None
        """The one in force; None before there is one."""
        self.begin(leases or LocalLeases(), first_policy, lock or threading.Lock())

    def begin(self, leases: LeaseSource, first_policy: Optional[FirstPolicy], lock: threading.Lock) -> None:
        """Of what was spent, nothing is known any more: a process that was forked has nothing of what its parent holds.
        The policy stays in force.
        """
        self.lock = lock
        """Under which everything about budgets changes."""
        self._first_policy = first_policy
        self._policies = PolicyBook(leases)
        if self.policy is not None:
            self.apply(self.policy)

    @property
    def unknown_until(self) -> Optional[Wait]:
        """While it is not known whether there is a policy: what calls should wait for."""
        return None if self._first_policy is None else self._first_policy.waiting

    @property
    def is_active(self) -> bool:
        return not self._index.is_empty

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def hear_time(self, ledger_seconds: float, took_seconds: float) -> None:
        """The clock of the ledger, which showed this during the `took_seconds` before now: what decides when the two
        differ.
        """
        self._clock.hear(ledger_seconds, took_seconds)

    def apply(self, policy: ControlPolicy) -> None:
        """From now on calls are decided about by this policy. One that cannot be used changes nothing."""
        never_throw("applying a policy", self._apply, policy)

    def decide(self, call: WireCall, attribution: Mapping[str, str], request: GuardedRequest) -> Optional[GuardedCall]:
        """None when the call is under no budget and no kill-switch. `attribution` is by attribute name."""
        return never_throw("deciding about a call", self._decide, call, attribution, request)

    def _apply(self, policy: ControlPolicy) -> None:
        with self.lock:
            if policy.prices != (None if self.policy is None else self.policy.prices):
                book = self._book()
                self._estimates().change_prices(book if policy.prices is None else book.with_own(policy.prices))
            self._index = self._policies.index(policy)
            self.policy = policy
            self._policies.prefetch(policy, self.now())

    def _decide(self, call: WireCall, attribution: Mapping[str, str], request: GuardedRequest) -> Optional[GuardedCall]:
        age = policy_age(self.policy, self._silent_seconds())
        is_closed = age is not None and age.stale_mode == "closed"
        values = self._values_of(call, attribution)
        if not is_closed and not self._index.concerns(values):
            return None
        asked = self._asked(call, values, request)
        if age is not None and is_closed:
            most = None if self.policy is None else self.policy.max_staleness_seconds
            error = stale_error(age.stale_seconds, most, request.user_agent)
            return self._guarded(asked, _Decision("refused", error, age=age), Hold())
        return self._decide_by_rules(asked, age)

    def _asked(self, call: WireCall, values: Mapping[str, str], request: GuardedRequest) -> _AskedCall:
        estimator = self._estimates()
        size = request_size_of(call, request.body_bytes, estimator.output_tokens_max)
        is_metered = call.is_stream and request.is_cuttable
        now = self.now()
        estimate = estimator.estimate(call, size, route=values.get("route"), is_metered=is_metered, now=now)
        return _AskedCall(call, values, request, estimate, estimator, is_metered, now)

    def _decide_by_rules(self, asked: _AskedCall, age: Optional[PolicyAge]) -> Optional[GuardedCall]:
        hold = Hold(is_growing=asked.is_metered)
        with self.lock:
            name = admit(
                self._index,
                hold,
                asked.estimate,
                asked.values,
                now=asked.now,
                can_wait=asked.request.can_wait,
                # Who is to go on without a policy that is heard is counted, and not stopped.
                is_stoppable=age is None or age.stale_mode != "open",
            )
            if name == "unlimited":
                return None
            decision = self._decision_of(name, asked, hold)
        decision.age = age
        return self._guarded(asked, decision, hold)

    def _decision_of(self, name: str, asked: _AskedCall, hold: Hold) -> _Decision:
        estimate, request = asked.estimate, asked.request
        if name == "killed":
            return _Decision(name, kill_switch_error(hold, request.user_agent))
        if name != "refused":
            return _Decision(name)
        # Of a refusal that is about what the process holds, and not about what is left of the budget.
        can_wait = request.can_wait and not hold.is_unpriced and hold.refused_by is not None
        wanting = hold.refused_by.account if can_wait and hold.refused_by is not None else None
        # Before it is known what is left, there is nothing to make the call smaller for.
        is_early = wanting is not None and wanting.is_asking
        clamped = self._clamp(asked, hold) if request.is_body_changeable and not is_early else None
        if clamped is not None:
            return _Decision("clamped", clamped=clamped)
        answer = None if wanting is None else wanting.next_answer(asked.now)
        need_nano = estimate.amount_nano
        if need_nano is None and estimate.quote is not None:
            need_nano = estimate.quote.cost_nano(estimate.output_tokens)
        return _Decision(name, budget_error(hold, need_nano or 0, request.user_agent), answer=answer)

    def _clamp(self, asked: _AskedCall, hold: Hold) -> Optional[Tuple[bytes, int]]:
        """The body of a request that fits what is left, with the hold on it, and its tokens; None when none does."""
        call, quote = asked.call, asked.estimate.quote
        room = None if hold.is_unpriced or call.request is None else room_to_clamp(hold)
        tokens = None if room is None or quote is None else quote.output_tokens_for(room)
        if call.request is None or quote is None or tokens is None or tokens < CLAMPED_TOKENS_MIN:
            return None
        tokens = min(tokens, asked.estimate.size.output_tokens_max)
        body, amount_nano = with_output_limit(call, call.request, tokens), quote.cost_nano(tokens)
        if body is None or amount_nano is None:
            return None
        refused_by = hold.refused_by
        smaller = _Smaller(amount_nano, asked.estimate.incurred_nano, asked.estimate.incurred_nano_at_most)
        if admit(self._index, hold, smaller, asked.values, now=asked.now) in ("allowed", "warned"):
            return json_bytes(body), tokens
        hold.refused_by = hold.refused_by or refused_by
        return None

    def _guarded(self, asked: _AskedCall, decision: _Decision, hold: Hold) -> GuardedCall:
        clamped, age = decision.clamped, decision.age
        decided = DecidedCall(
            call=asked.call,
            route=asked.values.get("route"),
            decision=decision.name,
            error=decision.error,
            hold=hold,
            estimate=asked.estimate,
            output_tokens_max=asked.estimate.size.output_tokens_max if clamped is None else clamped[1],
            clamped_body=None if clamped is None else clamped[0],
            is_metered=asked.is_metered,
            answer=decision.answer,
            started=asked.now,
            stale_seconds=None if age is None else age.stale_seconds,
            user_agent=asked.request.user_agent,
        )
        return GuardedCall(decided, asked.estimator, self.lock, self.now)

    def _estimates(self) -> Estimator:
        """Reading the published prices takes a while, and no process needs them that has no budget."""
        self._estimator = self._estimator or Estimator(self._book())
        return self._estimator

    def _values_of(self, call: WireCall, attribution: Mapping[str, str]) -> Dict[str, str]:
        known = {key: attribution.get(ATTRIBUTE_NAMES[key]) for key in _SCOPED}
        known.update(model=call.model, provider=call.provider, environment=self._environment)
        return {key: value for key, value in known.items() if value is not None}


@dataclass(frozen=True)
class _AskedCall:
    """A call, and what it may cost."""

    call: WireCall
    values: Mapping[str, str]
    request: GuardedRequest
    estimate: EstimatedCall
    estimator: Estimator
    is_metered: bool
    now: float


@dataclass
class _Decision:
    name: str
    error: Optional[CallStoppedError] = None
    clamped: Optional[Tuple[bytes, int]] = None
    answer: Optional[Wait] = None
    age: Optional[PolicyAge] = None


@dataclass(frozen=True)
class _Smaller:
    """A call that was made smaller."""

    amount_nano: int
    incurred_nano: int
    incurred_nano_at_most: int

    @property
    def least_nano(self) -> int:
        return self.amount_nano

    def family_max_nano(self) -> int:
        return self.amount_nano
