from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lensai.guard.money import format_usd
from lensai.guard.price_book import list_book
from lensai.guard.price_call import price_call, unit_prices_of
from lensai.wire.text_tokens import text_tokens_at_most

VECTORS = json.loads((Path(__file__).parent / "vectors" / "prices.json").read_text())
NOW = 1_795_521_600.0


def test_every_model_costs_what_the_price_book_says() -> None:
    assert len(VECTORS["costs"]) > 500
    wrong = []
    for provider, model, at, tier, *expected in VECTORS["costs"]:
        prices = list_book().resolve(provider, model, at, tier)
        found = [None if prices is None else price_call(VECTORS[usage], prices) for usage in ("small", "large")]
        if [None if cost is None else str(cost) for cost in found] != expected:
            wrong.append((provider, model, at, tier, expected, found))
    assert wrong == []


def test_a_tier_prices_the_whole_call() -> None:
    long = {"base": 3, "tiers": [{"start": 200_000, "price": 6}]}
    prices = unit_prices_of({"input_mtok": long, "output_mtok": 15})
    costs = [
        price_call({"input": count, "inputUncached": count, "output": 0}, prices)
        for count in (199_999, 200_000, 200_001)
    ]
    assert costs == [599_997_000, 600_000_000, 1_200_006_000]


def test_unknown_is_never_free() -> None:
    assert list_book().resolve("openai", "no-such-model", NOW) is None
    assert list_book().resolve("ollama", "gpt-4o", NOW) is None
    prices = unit_prices_of({"input_mtok": 1, "output_mtok": 2})
    assert price_call({}, prices) is None
    assert price_call({"input": 5, "inputUncached": 5}, prices) is None
    assert price_call({"input": 5, "inputUncached": 5, "output": 1, "webSearches": 1}, prices) is None


def test_a_family_costs_its_dearest_model() -> None:
    found = list_book().family_max("openai", "gpt-99-turbo", NOW)
    known = list_book().resolve("openai", "gpt-4", NOW)
    assert found is not None and known is not None
    assert (found.base["input"] or 0) >= (known.base["input"] or 0) > 0
    assert list_book().family_max("nobody", "gpt", NOW) is None


@pytest.mark.parametrize(
    ("text", "at_least", "at_most"),
    [("hello world", 2, 5), ("", 0, 0), ("x" * 4000, 2000, 3200), ("日本語" * 100, 300, 450), ("word " * 20_000, 20_000, 60_000)],
)
def test_a_text_has_no_more_tokens_than_is_said(text: str, at_least: int, at_most: int) -> None:
    found: Any = text_tokens_at_most(text)
    assert at_least <= found <= at_most


def test_money_is_shown_as_everywhere_else() -> None:
    shown = {1_234_560_000_000: "$1,234.56", 500_000_000: "$0.50", 12_300_000: "$0.0123", 24_400: "$0.0000244", 0: "$0.00"}
    assert {nano: format_usd(nano) for nano in shown} == shown
