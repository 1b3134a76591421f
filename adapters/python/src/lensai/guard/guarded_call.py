from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Callable, Dict, Optional

from lensai import _attributes as names
from lensai._never_throw import never_throw
from lensai.guard.admission import Hold, incur, settle, top_up
from lensai.guard.errors import BudgetExceededError, CallStoppedError
from lensai.guard.estimator import HELD_ABORT_TOKENS, CallCost, EstimatedCall, Estimator
from lensai.guard.learned_output import TextShares
from lensai.guard.quote import Quote
from lensai.guard.refusals import budget_error
from lensai.guard.waiting import Wait
from lensai.spans.call_attributes import AttributeValue
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts

_SLICE_TOKENS = 256
"""What a stream reserves at a time beyond what it has put out: at least so many tokens, and those of so long."""
_SLICE_MS = 2_000
"""A ledger that is busy takes as long to answer."""
_NOTICE_MS = 1_000
"""A provider, and what is between, notices within so long that nobody reads on, and writes as fast as before."""
_OVERCOUNT_MAX = 2
"""The bound of a text is at most so many times its tokens: beyond, the server does not keep to the limit asked for."""

_NOT_SENT = frozenset(
    [
        "ClientConnectorCertificateError",
        "ClientConnectorDNSError",
        "ClientConnectorError",
        "ClientConnectorSSLError",
        "ClientProxyConnectionError",
        "ConnectError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "ConnectionTimeoutError",
        "LocalProtocolError",
        "MaxRetryError",
        "NewConnectionError",
        "PoolTimeout",
        "ProxyError",
        "UnsupportedProtocol",
    ]
)
"""Errors of a request that the provider never got; of any other it may charge."""


@dataclass
class DecidedCall:
    """What was decided about a call, and by what."""

    call: WireCall
    route: Optional[str]
    decision: str
    error: Optional[CallStoppedError]
    """What the application gets in place of an answer; None when the call may be made."""
    hold: Hold
    estimate: EstimatedCall
    output_tokens_max: int
    """Of each answer, after clamping."""
    clamped_body: Optional[bytes]
    """The request's JSON with a lower limit of output, where that was lowered."""
    is_metered: bool
    """What streams is to be held to what is reserved, as it comes."""
    answer: Optional[Wait]
    """The call may be allowed when this is over, and is to be decided about again then."""
    started: float
    """By which its price is found, as that of its record is."""
    stale_seconds: Optional[int]
    """For how long nothing was heard of the policy; None: it is heard."""
    user_agent: str


@dataclass(frozen=True)
class _TakenCall:
    """What a call is taken to be of the bounds of its texts."""

    quote: Optional[Quote]
    output_share: float
    """Of the bound of what a stream has put out."""


_NOTHING = CallCost(0, 0)


def _stop_of(error: BudgetExceededError) -> Dict[str, AttributeValue]:
    return {names.BUDGET_ID: error.budget_id, names.BUDGET_REFUSAL_CAUSE: error.cause}


class GuardedCall:
    """A call that the guard has decided about: stopped, or holding what it may cost until it ends. Raises nothing."""

    def __init__(self, decided: DecidedCall, estimator: Estimator, lock: threading.Lock, now: Callable[[], float]) -> None:
        self._decided = decided
        self._estimator = estimator
        self._lock = lock
        self._now = now
        charges = decided.hold.charges
        self._lease_ids = " ".join(charge.account.lease_id for charge in charges if charge.account.lease_id != "")
        self._held_nano = max((charge.amount_nano for charge in charges), default=0)
        self._incurred_nano = max((charge.incurred_nano for charge in charges), default=0)
        self._takes_worst = decided.hold.takes_worst
        """What nobody has counted is charged at most."""
        self._charged_nano: Optional[int] = None
        """What it was charged, once it has ended."""
        self._shortfall_nano = 0
        """The part of it that neither it nor its process held."""
        self._cut_off: Optional[CallStoppedError] = None
        self._first_part: Optional[float] = None
        """When the first part of a stream was read."""
        self._ended: Optional[float] = None
        """When nobody read on: what is worked out later is of this moment."""
        self._read_tokens_at_most = self._last_part_tokens_at_most = 0
        """Of all that was read, and the part of it that was read last: the bound of their texts."""
        self._expected: Optional[_TakenCall] = None
        self._most: Optional[_TakenCall] = None

    @property
    def error(self) -> Optional[CallStoppedError]:
        return self._decided.error

    @property
    def answer(self) -> Optional[Wait]:
        return self._decided.answer

    @property
    def clamped_body(self) -> Optional[bytes]:
        return self._decided.clamped_body

    @property
    def is_metered(self) -> bool:
        return self._decided.is_metered

    @property
    def attributes(self) -> Dict[str, AttributeValue]:
        """For the span."""
        decided, charged = self._decided, self._charged_nano
        stopped = self._cut_off or decided.error
        return {
            names.BUDGET_DECISION: "cut_off" if self._cut_off else decided.decision,
            **(_stop_of(stopped) if isinstance(stopped, BudgetExceededError) else {}),
            **({} if decided.stale_seconds is None else {names.CONTROL_STALE_SECONDS: decided.stale_seconds}),
            **({names.BUDGET_LEASE_ID: self._lease_ids} if self._lease_ids else {}),
            **({} if charged is None else {names.BUDGET_CHARGED_NANO_USD: charged}),
            **({names.BUDGET_SHORTFALL_NANO_USD: self._shortfall_nano} if self._shortfall_nano > 0 else {}),
            **({names.BUDGET_CLAMPED: True} if decided.clamped_body is not None else {}),
            **({names.BUDGET_CUTOFF: True} if self._cut_off else {}),
        }

    def meter(self, facts: ResponseFacts) -> Optional[CallStoppedError]:
        """After a part of the stream was read, before the application gets it: is it paid for? Reserves in slices.
        Answers with the error that ends the stream when nothing is left; that part must not go on then.
        """
        if self._cut_off is None:
            with self._lock:
                self._cut_off = never_throw("metering a stream", self._metered, facts)
        return self._cut_off

    def completed(self, facts: ResponseFacts) -> None:
        """The answer was read as far as it was."""
        if self._decided.hold.charges:
            self._end(lambda: self._cost(facts))
            self._learn(facts)

    def refused(self) -> None:
        """By the provider, which charges nothing for it; or nothing was sent."""
        self._end(lambda: _NOTHING)

    def failed(self, error: BaseException) -> None:
        """Nobody knows whether the provider has worked for it, unless nothing was sent."""
        is_unsent = type(error).__name__ in _NOT_SENT
        self._end(lambda: _NOTHING if is_unsent else _cost_of(_cost_nano(self._expected_call.quote, 0), self._held_nano))

    def _metered(self, facts: ResponseFacts) -> Optional[CallStoppedError]:
        hold, quote = self._decided.hold, self._call_at_most.quote
        if quote is None or not hold.charges:
            return None
        self._read_part(facts)
        self._incur(facts)
        tokens = self._tokens_at_most(facts, self._abort_tokens_at_most(facts))
        # Where nothing may be overspent, a stream ends before it comes to more than is held.
        next_tokens = math.ceil(self._last_part_tokens_at_most * self._call_at_most.output_share)
        needed_tokens = self._limited(tokens + next_tokens, facts) if self._takes_worst else tokens
        needed_nano = _cost_nano(quote, needed_tokens) or 0
        slice_tokens = self._slice_tokens(tokens)
        ahead_nano = _cost_nano(quote, self._limited(tokens + slice_tokens, facts)) or 0
        if max(ahead_nano, needed_nano) <= self._held_nano:
            return None
        more_nano = _cost_nano(quote, self._limited(tokens + 2 * slice_tokens, facts)) or 0
        if self._reserve(max(more_nano, needed_nano)) or needed_nano <= self._held_nano:
            return None
        if self._reserve(needed_nano) or self._may_go_on_asking(facts):
            return None
        self._ended = self._now()
        return budget_error(hold, needed_nano - self._held_nano, self._decided.user_agent, is_cut_off=True)

    def _read_part(self, facts: ResponseFacts) -> None:
        if self._first_part is None:
            self._first_part = self._now()
        self._last_part_tokens_at_most = facts.output_tokens_at_most - self._read_tokens_at_most
        self._read_tokens_at_most = facts.output_tokens_at_most

    def _slice_tokens(self, tokens: int) -> int:
        """Of a fast model more than of a slow one."""
        per_ms = tokens / max(_SLICE_MS, (self._now() - self._decided.started) * 1000)
        return max(_SLICE_TOKENS, math.ceil(per_ms * _SLICE_MS))

    def _may_go_on_asking(self, facts: ResponseFacts) -> bool:
        """While there may come more, a stream lives on what it holds for the time after it would be cut off; where nothing
        may be overspent only as long as an answer takes.
        """
        refused_by, now = self._decided.hold.refused_by, self._now()
        if refused_by is None:
            return False
        account = refused_by.account
        if not (account.is_answered_soon(now) if self._takes_worst else account.may_get_more(now)):
            return False
        return (_cost_nano(self._call_at_most.quote, self._tokens_at_most(facts, 0)) or 0) <= self._held_nano

    def _incur(self, facts: ResponseFacts) -> None:
        gone_nano = self._nano_at_most(facts) if self._takes_worst else self._expected_nano(facts)
        cost_nano = min(gone_nano or 0, self._held_nano)
        if cost_nano > self._incurred_nano:
            incur(self._decided.hold, cost_nano - self._incurred_nano)
            self._incurred_nano = cost_nano

    def _reserve(self, up_to_nano: int) -> bool:
        if not top_up(self._decided.hold, up_to_nano - self._held_nano, self._now()):
            return False
        self._held_nano = up_to_nano
        return True

    def _end(self, cost_of_call: Callable[[], Optional[CallCost]]) -> None:
        """The call is charged what it cost, and the rest goes back. A second time changes nothing."""
        hold = self._decided.hold
        if not hold.charges:
            return
        cost = never_throw("pricing a call", cost_of_call)
        spent = at_most = None
        if cost is not None:
            at_most = cost.at_most_nano
            # All of its budgets are charged the same, since its span names one charge.
            spent = at_most if self._takes_worst else cost.spent_nano
        with self._lock:
            self._charged_nano = self._held_nano if spent is None else spent
            self._shortfall_nano = settle(hold, spent, at_most)

    def _cost(self, facts: ResponseFacts) -> Optional[CallCost]:
        """None: nobody knows."""
        if facts.is_from_cache:
            return CallCost(0, 0)
        call, estimate = self._decided.call, self._decided.estimate
        reported = self._estimator.cost_of(call, facts, estimate.size.service_tier, self._decided.started)
        if reported is not None:
            return reported
        if not call.is_stream or facts.problem == "body_not_read":
            return None
        # By everything that was learned since it began.
        self._expected = self._most = None
        return _cost_of(self._expected_nano(facts), self._nano_at_most(facts))

    def _expected_nano(self, facts: ResponseFacts) -> Optional[int]:
        """What a stream comes to when it is left now, as far as anybody can tell: nobody has counted."""
        expected = self._expected_call
        tokens = math.ceil(facts.output_tokens_at_most * expected.output_share) + self._abort_tokens(facts)
        return _cost_nano(expected.quote, self._limited(tokens, facts))

    def _nano_at_most(self, facts: ResponseFacts) -> Optional[int]:
        """The same at most."""
        tokens = self._tokens_at_most(facts, self._abort_tokens_at_most(facts))
        return _cost_nano(self._call_at_most.quote, tokens)

    @property
    def _expected_call(self) -> _TakenCall:
        if self._expected is None:
            self._expected = self._taken(self._estimator.expected_shares(self._decided.call.model, self._decided.route))
        return self._expected

    @property
    def _call_at_most(self) -> _TakenCall:
        if self._most is None:
            self._most = self._taken(self._estimator.shares_at_most(self._decided.call.model, self._decided.route))
        return self._most

    def _taken(self, shares: TextShares) -> _TakenCall:
        quote = self._decided.estimate.quote
        return _TakenCall(None if quote is None else quote.with_input_share(shares.input), shares.output)

    def _abort_tokens(self, facts: ResponseFacts) -> int:
        """What a provider writes of all answers that go on until it notices that nobody reads."""
        unfinished = self._decided.estimate.size.choices - len(facts.finish_reasons_by_index)
        return HELD_ABORT_TOKENS * max(0, unfinished)

    def _abort_tokens_at_most(self, facts: ResponseFacts) -> int:
        """The same at most: of a fast model more has been written than was read."""
        tokens = self._abort_tokens(facts)
        if tokens == 0:
            return 0
        first_part = self._decided.started if self._first_part is None else self._first_part
        now = self._now() if self._ended is None else self._ended
        since_ms = max(_NOTICE_MS, round((now - first_part) * 1000))
        return max(tokens, math.ceil(self._tokens_at_most(facts, 0) / since_ms * _NOTICE_MS))

    def _tokens_at_most(self, facts: ResponseFacts, more_tokens: int) -> int:
        """What a stream has put out at most, and so many tokens more."""
        tokens = math.ceil(facts.output_tokens_at_most * self._call_at_most.output_share)
        return self._limited(tokens + more_tokens, facts)

    def _limited(self, tokens: int, facts: ResponseFacts) -> int:
        """At most what was asked for."""
        most = self._decided.output_tokens_max * self._decided.estimate.size.choices
        return tokens if facts.output_tokens_at_most > most * _OVERCOUNT_MAX else min(tokens, most)

    def _learn(self, facts: ResponseFacts) -> None:
        decided = self._decided
        input_tokens = decided.estimate.size.input_tokens
        with self._lock:
            never_throw("learning", self._estimator.learn, decided.call, decided.route, facts, input_tokens)


def _cost_of(spent_nano: Optional[int], at_most_nano: Optional[int]) -> Optional[CallCost]:
    """None where one of the two is not known."""
    if spent_nano is None or at_most_nano is None:
        return None
    return CallCost(spent_nano, max(spent_nano, at_most_nano))


def _cost_nano(quote: Optional[Quote], output_tokens: int) -> Optional[int]:
    """With what all answers together have put out so far."""
    return None if quote is None else quote.cost_so_far_nano(output_tokens)
