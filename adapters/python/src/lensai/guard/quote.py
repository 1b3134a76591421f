from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional

from lensai.guard.price_call import UnitPrices, price_call
from lensai.guard.request_size import RequestSize
from lensai.wire.usage import NormalUsage

_SAMPLE_TOKENS = 1_000_000
"""Enough that the price of one token is exact to a millionth."""


class Quote:
    """What a call of this size costs at these prices, by how much it puts out; nano-USD. Priced as it will be settled."""

    def __init__(self, size: RequestSize, prices: UnitPrices) -> None:
        self._size = size
        self._prices = prices
        self._choices = size.choices
        self._usage = _usage_of(size, prices)
        self._output_part = _dearest_output(size, prices)

    def with_input_share(self, share: float) -> Quote:
        """The same call, with this share of its input: a size is an upper bound."""
        size = self._size
        smaller = replace(
            size,
            text_tokens=math.ceil(size.text_tokens * share),
            image_tokens=math.ceil(size.image_tokens * share),
            audio_tokens=math.ceil(size.audio_tokens * share),
        )
        return Quote(smaller, self._prices)

    def cost_nano(self, output_tokens_each: int) -> Optional[int]:
        """With this many tokens in each answer; None when the book cannot price such a call."""
        return self.cost_so_far_nano(output_tokens_each * self._choices)

    def cost_so_far_nano(self, output_tokens: int) -> Optional[int]:
        """The same with what all answers together have put out so far."""
        usage: NormalUsage = {**self._usage, "output": output_tokens}
        if self._output_part != "output":
            usage[self._output_part] = output_tokens
        return price_call(usage, self._prices)

    def output_tokens_for(self, amount_nano: int) -> Optional[int]:
        """The most tokens per answer that the call may put out and not cost more; None when not even 1."""
        none, some = self.cost_nano(0), self.cost_nano(_SAMPLE_TOKENS)
        if none is None or some is None or some <= none:
            return None
        tokens = math.floor((amount_nano - none) / ((some - none) / _SAMPLE_TOKENS))
        # Rounding to whole nano-USD can cost the last token.
        while tokens >= 1:
            cost = self.cost_nano(tokens)
            if cost is not None and cost <= amount_nano:
                return tokens
            tokens -= 1
        return None


def _usage_of(size: RequestSize, prices: UnitPrices) -> NormalUsage:
    """The counts of the call's input at most."""
    usage: NormalUsage = {
        "input": size.text_tokens + size.image_tokens + size.audio_tokens,
        "imageInput": size.image_tokens,
        "audioInput": size.audio_tokens,
        # All of it may be new to the cache.
        {"5m": "cacheWrite5m", "1h": "cacheWrite1h"}.get(size.cache_write or "", "inputUncached"): size.text_tokens,
    }
    if prices.per_web_search is not None:
        usage["webSearches"] = size.web_searches
    # Images in the output have a price of their own and must be counted.
    if prices.has_image_output_price:
        usage["imageOutput"] = 0
    return usage


def _dearest_output(size: RequestSize, prices: UnitPrices) -> str:
    """What the output counts as; the dearest kind that the call may put out."""
    kinds = ["output", "reasoning"]
    if size.puts_out_audio:
        kinds.append("audioOutput")
    if size.puts_out_images:
        kinds.append("imageOutput")
    return max(kinds, key=lambda part: prices.base[part] or 0)
