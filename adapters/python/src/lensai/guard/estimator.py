"""What calls cost before they are made, and what they did cost: by one book, with one arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from lensai.guard.clamp import CLAMPED_TOKENS_MIN
from lensai.guard.learned_output import LearnedOutput, TextShares
from lensai.guard.price_book import PriceBook
from lensai.guard.price_call import UnitPrices, price_call
from lensai.guard.quote import Quote
from lensai.guard.request_size import OutputMax, RequestSize
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts
from lensai.wire.usage import normalise_usage

HELD_ABORT_TOKENS = 128
"""Tokens of each answer that are held beyond what a stream has put out, for what its provider writes, and bills, until it
notices that nobody reads on."""

_FAMILIES_MAX = 1_000
"""Families that were asked about: each takes milliseconds once."""

_PRICE_CHANGE_SECONDS = 5.0
"""Requests take time to arrive, and clocks differ: a provider may bill by what was the price, or will be, so long from
now."""

_FIRST_ANSWER_TOKENS = 2_048
"""What an answer is taken to have while nothing is known about the model's answers."""


@dataclass(frozen=True)
class CallCost:
    """What a call that has ended is charged, and what it may have cost; nano-USD."""

    spent_nano: int
    at_most_nano: int


class EstimatedCall:
    """A call that has not been made, and its price as far as the book knows it or is asked to assume one; nano-USD."""

    def __init__(
        self,
        size: RequestSize,
        quote: Optional[Quote],
        family_quote: Callable[[], Optional[Quote]],
        *,
        output_tokens: int,
        orphaned_tokens: int,
        is_metered: bool,
        input_share: float,
        input_share_at_most: float,
    ) -> None:
        """`orphaned_tokens` are billed of each answer if the process dies as soon as the call is made, with this share of
        the input's upper bound: on average, and of what is metered at most.
        """
        self.size = size
        self.output_tokens = output_tokens
        """What is reserved for each answer."""
        self.amount_nano = None if quote is None else quote.cost_nano(output_tokens)
        self.incurred_nano = (quote and quote.with_input_share(input_share).cost_nano(orphaned_tokens)) or 0
        self.quote = None if self.amount_nano is None else quote
        """By which the call is held and metered; None while nobody knows or has assumed a price."""
        self._orphaned_tokens_at_most = orphaned_tokens if is_metered else output_tokens
        self._input_share_at_most = input_share_at_most
        self._family_quote = family_quote

    @property
    def incurred_nano_at_most(self) -> int:
        if self.quote is None:
            return 0
        smaller = self.quote.with_input_share(self._input_share_at_most)
        return smaller.cost_nano(self._orphaned_tokens_at_most) or 0

    @property
    def least_nano(self) -> Optional[int]:
        return None if self.quote is None else self.quote.cost_nano(min(CLAMPED_TOKENS_MIN, self.output_tokens))

    def family_max_nano(self) -> Optional[int]:
        self.quote = self.quote or self._family_quote()
        return None if self.quote is None else self.quote.cost_nano(self.output_tokens)


class Estimator:
    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._learned = LearnedOutput()
        self._families: Dict[Tuple[str, str], Optional[UnitPrices]] = {}

    @property
    def output_tokens_max(self) -> OutputMax:
        return self._book.output_tokens_max

    def change_prices(self, book: PriceBook) -> None:
        """For calls that are estimated and settled from now on."""
        self._book = book
        self._families.clear()

    def estimate(
        self, call: WireCall, size: RequestSize, *, route: Optional[str], is_metered: bool, now: float
    ) -> EstimatedCall:
        model = call.model or ""
        usual = self._learned.quantile(model, route or "")
        expected = _FIRST_ANSWER_TOKENS if usual is None else usual
        output_tokens = min(size.output_tokens_max, expected) if is_metered else size.output_tokens_max
        quotes: List[Quote] = []
        if call.model is not None:
            near = self._prices_around(call.provider, call.model, now, size.service_tier)
            quotes = [Quote(size, prices) for prices in near]

        def family_quote() -> Optional[Quote]:
            family = self._family_prices(call.provider, model, now)
            return None if family is None else Quote(size, family)

        return EstimatedCall(
            size,
            max(quotes, key=lambda quote: quote.cost_nano(output_tokens) or 0, default=None),
            family_quote,
            output_tokens=output_tokens,
            # Of a stream that nobody reads its provider writes no more; other answers are worked out to their end.
            orphaned_tokens=min(HELD_ABORT_TOKENS if is_metered else expected, output_tokens),
            is_metered=is_metered,
            input_share=self.expected_shares(call.model, route).input,
            input_share_at_most=self.shares_at_most(call.model, route).input,
        )

    def cost_of(
        self, call: WireCall, facts: ResponseFacts, service_tier: Optional[str], started: float
    ) -> Optional[CallCost]:
        """What a call cost by the provider's own counts; None when those or the price are not known."""
        if not facts.has_usage or facts.problem is not None:
            return None
        usage = normalise_usage(facts.usage)
        # The model that answered is priced; where the book does not know its name, the one asked for.
        for model in (facts.model, call.model):
            tier = facts.service_tier or service_tier
            near = [] if model is None else self._prices_around(call.provider, model, started, tier)
            if near:
                spent, *others = (price_call(usage, prices) for prices in near)
                return None if spent is None else CallCost(spent, max(spent, *(nano or 0 for nano in others), 0))
        return None

    def learn(self, call: WireCall, route: Optional[str], facts: ResponseFacts, input_tokens_at_most: int) -> None:
        """An answer came to its end."""
        is_counted = facts.has_usage and facts.problem is None and not facts.is_from_cache
        usage = normalise_usage(facts.usage) if is_counted else {}
        if "input" in usage and "output" in usage:
            at_most = (input_tokens_at_most, facts.output_tokens_at_most)
            self._learned.add(call.model or "", route or "", (usage["input"], usage["output"]), at_most)

    def expected_shares(self, model: Optional[str], route: Optional[str]) -> TextShares:
        """How much is true of the bounds of such a call's texts on average, as far as is known."""
        return self._learned.expected_shares(model or "", route or "")

    def shares_at_most(self, model: Optional[str], route: Optional[str]) -> TextShares:
        """The same at most."""
        return self._learned.shares_at_most(model or "", route or "")

    def _prices_around(self, provider: str, model: str, now: float, tier: Optional[str]) -> List[UnitPrices]:
        """Of a moment first, and of what was valid shortly before it and will be shortly after; none where it is not known."""
        moments = (now, now + _PRICE_CHANGE_SECONDS, now - _PRICE_CHANGE_SECONDS)
        first, *others = (self._book.resolve(provider, model, moment, tier) for moment in moments)
        if first is None:
            return []
        return [first, *(other for other in others if other is not None and other is not first)]

    def _family_prices(self, provider: str, model: str, now: float) -> Optional[UnitPrices]:
        key = (provider, model)
        if key not in self._families:
            if len(self._families) >= _FAMILIES_MAX:
                self._families.clear()
            self._families[key] = self._book.family_max(provider, model, now)
        return self._families[key]
