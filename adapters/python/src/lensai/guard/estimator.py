"""What calls cost before they are made, and what they did cost: by one book, with one arithmetic."""

from __future__ import annotations

from typing import Optional

from lensai.guard.price_book import PriceBook
from lensai.guard.price_call import UnitPrices, price_call
from lensai.guard.request_size import RequestSize, request_size_of
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts
from lensai.wire.usage import NormalUsage, normalise_usage


class EstimatedCall:
    """A call that has not been made, at its price or at that of the dearest of its family; nano-USD."""

    def __init__(self, book: PriceBook, call: WireCall, body_bytes: Optional[int], now: float) -> None:
        self._book = book
        self._call = call
        self._now = now
        self._size = request_size_of(call, body_bytes, book.output_tokens_max)
        self._output_max = self._size.output_tokens_max * self._size.choices
        self._prices: Optional[UnitPrices] = None
        """By which the call is charged where the provider's counts are not known."""
        if call.model is not None:
            self._prices = book.resolve(call.provider, call.model, now, self._size.service_tier)
        self.amount_nano = self.cost_so_far_nano(self._output_max)

    def family_max_nano(self) -> Optional[int]:
        if self.amount_nano is None:
            self._prices = self._book.family_max(self._call.provider, self._call.model or "", self._now)
        return self.cost_so_far_nano(self._output_max)

    def cost_so_far_nano(self, output_tokens: int) -> Optional[int]:
        """With what all answers together have put out so far."""
        if self._prices is None:
            return None
        return price_call(_usage_of(self._size, self._prices, output_tokens), self._prices)


def settled_cost_nano(book: PriceBook, call: WireCall, facts: ResponseFacts, now: float) -> Optional[int]:
    """What a call cost by the provider's own counts; None when those or the price are not known."""
    if not facts.has_usage or facts.problem is not None:
        return None
    usage = normalise_usage(facts.usage)
    tier = facts.service_tier or (call.request or {}).get("service_tier")
    # The model that answered is priced; where the book does not know its name, the one asked for.
    for model in (facts.model, call.model):
        prices = None
        if model is not None:
            prices = book.resolve(call.provider, model, now, tier if isinstance(tier, str) else None)
        if prices is not None:
            return price_call(usage, prices)
    return None


def _usage_of(size: RequestSize, prices: UnitPrices, output_tokens: int) -> NormalUsage:
    """The counts of the call at most; its output as the dearest kind that it may put out."""
    usage: NormalUsage = {
        "input": size.text_tokens + size.image_tokens + size.audio_tokens,
        "imageInput": size.image_tokens,
        "audioInput": size.audio_tokens,
        # All of it may be new to the cache.
        {"5m": "cacheWrite5m", "1h": "cacheWrite1h"}.get(size.cache_write or "", "inputUncached"): size.text_tokens,
        "output": output_tokens,
    }
    if prices.per_web_search is not None:
        usage["webSearches"] = size.web_searches
    # Images in the output have a price of their own and must be counted.
    if prices.has_image_output_price:
        usage["imageOutput"] = 0
    part = _dearest_output(size, prices)
    if part != "output":
        usage[part] = usage["output"]
    return usage


def _dearest_output(size: RequestSize, prices: UnitPrices) -> str:
    kinds = ["output", "reasoning"]
    if size.puts_out_audio:
        kinds.append("audioOutput")
    if size.puts_out_images:
        kinds.append("imageOutput")
    return max(kinds, key=lambda part: prices.base[part] or 0)
