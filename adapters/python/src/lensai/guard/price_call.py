"""What a call costs: the sum of disjoint parts x unit price, exact, rounded half up to nano-USD once, at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Dict, Mapping, Optional, Tuple

from lensai.wire.usage import NormalUsage

_PICO_PER_NANO = 1000
MAX_CALL_COST_NANO_USD = 2**53 - 1
"""The most that one call may cost, about nine million dollars: a count that costs more is wrong."""

BookPrices = Mapping[str, Any]
"""The prices of a model by name, as the price data has them: dollars per unit that the name says, or a base with
tiers by input tokens."""

PriceTier = Dict[str, Optional[int]]
"""Pico-USD per token, by the part of a call; None where the whole direction has no price."""

_MTOK = 6
"""Digits from dollars per million tokens to pico-USD per token."""
_KCOUNT = 9
"""From dollars per thousand to pico-USD each."""

_FREE_OF_CHARGE: BookPrices = {"input_mtok": 0, "output_mtok": 0}

_INPUT_PARTS = ("cacheRead", "cacheWrite5m", "cacheWrite1h", "audioInput", "imageInput")
_OUTPUT_PARTS = ("reasoning", "audioOutput", "imageOutput")


@dataclass(frozen=True)
class UnitPrices:
    """What one model costs at one provider, in one service tier."""

    base: PriceTier
    tiers: Tuple[Tuple[int, PriceTier], ...] = ()
    """Further tiers by rising input tokens; the last one that applies prices the whole call."""
    per_request: int = 0
    """Pico-USD."""
    per_web_search: Optional[int] = None
    """Pico-USD; None when there is no price for it."""
    has_image_output_price: bool = False
    has_uncounted_output: bool = False
    names: BookPrices = field(default_factory=dict, repr=False)

    def tier_of(self, usage: NormalUsage) -> PriceTier:
        tier = self.base
        for above, further in self.tiers:
            if usage.get("input", 0) > above:
                tier = further
        return tier


def unit_prices_of(prices: BookPrices) -> UnitPrices:
    """Exact unit prices of one entry. An empty entry is a model that is free of charge."""
    starts = sorted({tier["start"] for price in prices.values() if isinstance(price, dict) for tier in price["tiers"]})
    named = prices or _FREE_OF_CHARGE
    return UnitPrices(
        base=_price_tier(named, -1),
        tiers=tuple((start, _price_tier(named, start)) for start in starts),
        per_request=_pico(prices.get("requests_kcount", 0), _KCOUNT),
        per_web_search=None
        if "web_searches_kcount" not in prices
        else _pico(prices["web_searches_kcount"], _KCOUNT),
        has_image_output_price="output_image_mtok" in prices,
        has_uncounted_output="output_video_mtok" in prices,
        names=prices,
    )


def price_call(usage: NormalUsage, prices: UnitPrices) -> Optional[int]:
    """Nano-USD. None (unknown, never 0) when the counts are missing in a direction that costs something, when they
    need a price that there is not, and above MAX_CALL_COST_NANO_USD.
    """
    tier = prices.tier_of(usage)
    if not _is_priceable(usage, prices, tier):
        return None
    pico = prices.per_request + usage.get("webSearches", 0) * (prices.per_web_search or 0)
    for part in ("inputUncached", *_INPUT_PARTS, *_OUTPUT_PARTS):
        pico += usage.get(part, 0) * (tier["input" if part == "inputUncached" else part] or 0)
    text = usage.get("output", 0) - sum(usage.get(part, 0) for part in _OUTPUT_PARTS)
    pico += (text if "output" in usage else 0) * (tier["output"] or 0)
    nano = (pico + _PICO_PER_NANO // 2) // _PICO_PER_NANO
    return None if nano > MAX_CALL_COST_NANO_USD else nano


def _is_priceable(usage: NormalUsage, prices: UnitPrices, tier: PriceTier) -> bool:
    """Every direction that could cost something is counted, and everything that was counted has a price."""
    if "input" not in usage and "output" not in usage:
        return False
    if tier["input"] is None and tier["output"] is None:
        return False
    if "input" in usage:
        is_input_fine = usage["input"] == 0 or tier["input"] is not None
    else:
        is_input_fine = not tier["input"] and not any(usage.get(part, 0) for part in _INPUT_PARTS)
    if not is_input_fine or not _is_output_priceable(usage, prices, tier):
        return False
    return usage.get("webSearches", 0) == 0 or prices.per_web_search is not None


def _is_output_priceable(usage: NormalUsage, prices: UnitPrices, tier: PriceTier) -> bool:
    output, images = usage.get("output"), usage.get("imageOutput")
    if output == 0:
        return True
    if prices.has_uncounted_output or (prices.has_image_output_price and images is None):
        return False
    if output is None:
        return not tier["output"] and not any(usage.get(part, 0) for part in _OUTPUT_PARTS)
    # Images may be all that the model puts out, and all that has a price.
    return tier["output"] is not None or (output == images and tier["imageOutput"] is not None)


def _price_tier(prices: BookPrices, above: int) -> PriceTier:
    """Every price as it is for a call of just more than `above` input tokens; -1 for the base prices."""

    def own(name: str, whole: Optional[int] = None) -> Optional[int]:
        price = prices.get(name)
        if price is None:
            return whole
        if not isinstance(price, dict):
            return _pico(price, _MTOK)
        applied = [tier for tier in sorted(price["tiers"], key=lambda tier: tier["start"]) if tier["start"] <= above]
        return _pico(applied[-1]["price"] if applied else price["base"], _MTOK)

    whole_input, whole_output = own("input_mtok"), own("output_mtok")
    written = own("cache_write_mtok", whole_input)
    return {
        "input": whole_input,
        "cacheRead": own("cache_read_mtok", whole_input),
        "cacheWrite5m": own("cache_write_5m_mtok", written),
        "cacheWrite1h": own("cache_write_1h_mtok", written),
        "audioInput": own("input_audio_mtok", whole_input),
        "imageInput": own("input_image_mtok", whole_input),
        "output": whole_output,
        "reasoning": own("output_reasoning_mtok", whole_output),
        "audioOutput": own("output_audio_mtok", whole_output),
        "imageOutput": own("output_image_mtok", whole_output),
    }


def _pico(usd: Any, digits: int) -> int:
    """A number is read through its shortest decimal form; text has every digit."""
    scaled = Decimal(str(usd)).scaleb(digits)
    return int(scaled.to_integral_value(rounding=ROUND_HALF_UP))
