"""A project's own prices over the published ones, as its policy has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, List, Mapping, Optional

_VERSION = 1
_ENTRIES_MAX = 50_000
_MULTIPLIER_MAX = 1_000
_STANDARD_TIER = "standard"
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?", re.ASCII)
_PRICE_NAME = re.compile(r"[a-z0-9_]+_(?:mtok|kcount)", re.ASCII)


@dataclass(frozen=True)
class PriceLayer:
    """Entries as the price book has its own (`prices.json`), with the project that they are of."""

    entries: List[Mapping[str, Any]]
    project: Optional[str]
    """To ask the book with; None when all of its prices are for every project."""


def parse_price_layer(document: Any) -> PriceLayer:
    """Raises ValueError, naming the first entry that is wrong."""
    if not isinstance(document, dict) or document.get("formatVersion") != _VERSION:
        raise ValueError(f"formatVersion is not {_VERSION}")
    values = document.get("entries")
    if not isinstance(values, list) or len(values) > _ENTRIES_MAX:
        raise ValueError(f"entries is not a list of at most {_ENTRIES_MAX}")
    entries = [_entry(value, f"entries[{index}]") for index, value in enumerate(values)]
    projects = (entry["project"] for entry in entries if entry["project"] is not None)
    return PriceLayer(entries, next(projects, None))


def _entry(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{at} is not an object")
    is_exact = "model" in value
    model = value.get("model" if is_exact else "modelPrefix")
    if not isinstance(model, str) or is_exact == ("modelPrefix" in value) or (is_exact and model == ""):
        raise ValueError(f'{at} needs either "model" or "modelPrefix"')
    provider, project = value.get("provider"), value.get("project")
    if not isinstance(provider, str) or provider.strip() == "":
        raise ValueError(f"{at}.provider is not a name")
    if project is not None and not isinstance(project, str):
        raise ValueError(f"{at}.project is not a name")
    times = {name: _time(value, name, at) for name in ("validFrom", "validUntil", "recordedAt")}
    if times["recordedAt"] is None:
        raise ValueError(f"{at}.recordedAt is missing")
    return {
        "project": project,
        "provider": provider.strip(),
        "model": model,
        "match": "exact" if is_exact else "prefix",
        "serviceTier": str(value.get("serviceTier", _STANDARD_TIER)).strip().lower(),
        "recordedAt": times["recordedAt"],
        **({} if times["validFrom"] is None else {"from": times["validFrom"]}),
        **({} if times["validUntil"] is None else {"until": times["validUntil"]}),
        **_change(value, at),
    }


def _change(value: Mapping[str, Any], at: str) -> Mapping[str, Any]:
    """What the entry does to the price below it."""
    given = [name for name in ("prices", "multiplier", "withdrawn") if name in value]
    if len(given) != 1:
        raise ValueError(f'{at} needs exactly one of "prices", "multiplier" and "withdrawn"')
    if given == ["withdrawn"]:
        return {"withdrawn": True}
    if given == ["multiplier"]:
        factor, spared = _amount(value["multiplier"]), value.get("except", [])
        if factor is None or factor > _MULTIPLIER_MAX or not isinstance(spared, list):
            raise ValueError(f"{at}.multiplier is not a factor from 0 to {_MULTIPLIER_MAX}")
        return {"multiplier": str(value["multiplier"]), "except": spared}
    prices = value["prices"]
    if not isinstance(prices, dict) or not prices:
        raise ValueError(f"{at}.prices is empty, or no object")
    for name, price in prices.items():
        if _PRICE_NAME.fullmatch(name) is None or not _is_price(price):
            raise ValueError(f"{at}.prices.{name[:40]} is not an amount of US dollars")
    return {"prices": prices}


def _is_price(price: Any) -> bool:
    if not isinstance(price, dict):
        return _amount(price) is not None
    tiers = price.get("tiers")
    return _amount(price.get("base")) is not None and isinstance(tiers, list) and all(map(_is_tier, tiers))


def _is_tier(tier: Any) -> bool:
    """Tokens above which the price applies, and the price."""
    start = tier.get("start") if isinstance(tier, dict) else None
    is_start = isinstance(start, int) and not isinstance(start, bool) and start >= 0
    return is_start and _amount(tier.get("price")) is not None


def _amount(value: Any) -> Optional[Decimal]:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _time(value: Mapping[str, Any], name: str, at: str) -> Optional[float]:
    """Seconds since the epoch; a day means its first moment, UTC."""
    text = value.get(name)
    if text is None:
        return None
    if isinstance(text, str) and _TIME.fullmatch(text):
        whole, _, fraction = text.rstrip("Z").partition(".")
        for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
            try:
                moment = datetime.strptime(whole, form).replace(tzinfo=timezone.utc)
                return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
            except ValueError:
                continue
    raise ValueError(f"{at}.{name} is not a time like 2026-11-01 or 2026-11-01T08:00:00Z")
