"""List prices, generated from the contract's price book (`prices.json`): the published list, historic, tiered and by
time of day, its corrections, and the prices of service tiers. Nothing is fetched.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any, Dict, List, Mapping, Optional, Tuple

from lensai.guard.price_layer import PriceLayer
from lensai.guard.price_call import BookPrices, UnitPrices, unit_prices_of

_NAME_LENGTH_MAX = 256
"""Longer names name no model."""
_ANSWERS_MAX = 4096
STANDARD_TIER = "standard"

_GOOGLE_API_PREFIX = re.compile(r"^(?:(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/)?models/")
_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)", re.ASCII)
_SNAPSHOT = re.compile(r"(?:-20\d{2}-?\d{2}-?\d{2}|@[\w-]+)$", re.ASCII)
_FAMILY = re.compile(r"^[a-z]+")


class PriceBook:
    """Raises nothing: a price that is not known is None."""

    def __init__(self, document: Any, own: Optional[PriceLayer] = None) -> None:
        """`own`: what a project pays where that is not what is published."""
        self._document = document
        self.version: str = document["version"]
        self.output_tokens_max: List[Tuple[str, int]] = [tuple(entry) for entry in document["outputTokensMax"]]
        """By the beginning of a model's name; tokens."""
        self._ids: Mapping[str, str] = document["providers"]
        self._lists: Mapping[str, Any] = document["lists"]
        self._standard_tiers = frozenset(document["standardTiers"])
        layers = [*document["layers"], *([] if own is None else [own.entries])]
        self._layers: List[Dict[str, List[Any]]] = [_by_provider(layer) for layer in layers]
        changes = (entry.get(name) for layer in layers for entry in layer for name in ("from", "until"))
        self._changes_at = sorted(moment for moment in changes if moment is not None)
        self._project = None if own is None else own.project
        self._answers: Dict[Tuple[str, str, str, int, int], Optional[UnitPrices]] = {}

    def with_own(self, own: PriceLayer) -> PriceBook:
        return PriceBook(self._document, own)

    def resolve(
        self, provider: str, model: str, now: float, service_tier: Optional[str] = None
    ) -> Optional[UnitPrices]:
        """The prices of a model at a moment (Unix time in seconds) in a service tier; None means the standard one."""
        tier = (service_tier or "").strip().lower()
        tier = STANDARD_TIER if tier in self._standard_tiers else tier
        # Those that are published change by the minute at most, agreed ones at any moment.
        key = (provider, model, tier, int(now // 60), bisect_right(self._changes_at, now))
        if key not in self._answers:
            if len(self._answers) >= _ANSWERS_MAX:
                self._answers.clear()
            self._answers[key] = self._answer(provider, model, now, tier)
        return self._answers[key]

    def family_max(self, provider: str, model: str, now: float) -> Optional[UnitPrices]:
        """The dearest prices of a model's family at its provider, part by part, for a model that the book does not
        know; without a family, those of all models of the provider.
        """
        listed = self._lists.get(self._ids.get(provider, ""))
        if listed is None:
            return None
        names = [entry["id"] for entry in listed["models"]]
        family = _family_of(model)
        relatives = [name for name in names if _family_of(name) == family] or names
        known = [prices for name in relatives if (prices := self.resolve(provider, name, now)) is not None]
        return _dearest(known) if known else None

    def _answer(self, provider: str, model: str, now: float, tier: str) -> Optional[UnitPrices]:
        if len(model) > _NAME_LENGTH_MAX:
            return None
        id_of_list = self._ids.get(provider, "")
        entry = self._entry(id_of_list, model)
        prices = None if entry is None else _active(entry, now)
        undated = _SNAPSHOT.sub("", model)
        is_same = undated != model and self._entry(id_of_list, undated) is entry
        names = (model.lower(), undated.lower() if is_same else None)
        prices, _ = self._layered(prices, (provider, STANDARD_TIER), names, now)
        if tier != STANDARD_TIER:
            prices, is_changed = self._layered(prices, (provider, tier), names, now)
            if not is_changed:
                return None
        return None if prices is None else unit_prices_of(prices)

    def _entry(self, id_of_list: str, model: str) -> Any:
        name = _GOOGLE_API_PREFIX.sub("", model).lower().strip()
        found = self._found(id_of_list, name)
        return found or self._found(id_of_list, _COMPACT_DATE.sub(_dashed, name))

    def _found(self, id_of_list: str, name: str) -> Any:
        listed = self._lists.get(id_of_list)
        if listed is None:
            return None
        for entry in listed["models"]:
            if _matches(entry["match"], name):
                return entry
        others = (self._found(other, name) for other in listed.get("fallbacks", ()))
        return next((found for found in others if found is not None), None)

    def _layered(
        self,
        prices: Optional[BookPrices],
        subject: Tuple[str, str],
        names: Tuple[str, Optional[str]],
        now: float,
    ) -> Tuple[Optional[BookPrices], bool]:
        """The prices with what one entry of every layer changes, the most specific one."""
        provider, tier = subject
        is_changed = False
        for layer in self._layers:
            candidates = [
                entry
                for entry in layer.get(provider, ())
                if entry["serviceTier"] == tier
                and entry.get("project") in (None, self._project)
                and entry.get("from", float("-inf")) <= now < entry.get("until", float("inf"))
                and _nearness(entry, names) > 0
            ]
            entry = _chosen(candidates, names)
            if entry is None:
                continue
            changed = _changed(prices, entry)
            if changed is not None:
                prices, is_changed = changed, True
        return prices, is_changed


@lru_cache(maxsize=1)
def list_book() -> PriceBook:
    """The book of this version of the package."""
    text = resources.files("lensai").joinpath("prices.json").read_text(encoding="utf-8")
    return PriceBook(json.loads(text))


def _by_provider(entries: List[Any]) -> Dict[str, List[Any]]:
    found: Dict[str, List[Any]] = {}
    for entry in entries:
        found.setdefault(entry["provider"], []).append(entry)
    return found


def _matches(match: Mapping[str, Any], name: str) -> bool:
    ((kind, value),) = match.items()
    if kind == "or":
        return any(_matches(each, name) for each in value)
    if kind == "and":
        return all(_matches(each, name) for each in value)
    if kind == "regex":
        return _expression(value).search(name) is not None
    wanted: str = value.lower()
    if kind == "equals":
        return name == wanted
    if kind == "starts_with":
        return name.startswith(wanted)
    return bool(name.endswith(wanted) if kind == "ends_with" else wanted in name)


@lru_cache(maxsize=4096)
def _expression(source: str) -> Any:
    return re.compile(source, re.ASCII)


def _dashed(match: Any) -> str:
    dash, year, month, day = match.groups()
    try:
        datetime(int(year), int(month), int(day))
    except ValueError:
        return str(match.group())
    return f"{dash}{year}-{month}-{day}"


def _active(entry: Any, now: float) -> BookPrices:
    """Of several prices the last one whose condition holds."""
    prices = entry["prices"]
    if not isinstance(prices, list):
        return prices  # type: ignore[no-any-return]
    for conditional in reversed(prices):
        if _holds(conditional.get("constraint"), now):
            return conditional["prices"]  # type: ignore[no-any-return]
    return prices[0]["prices"]  # type: ignore[no-any-return]


def _holds(constraint: Optional[Mapping[str, str]], now: float) -> bool:
    if constraint is None:
        return True
    if constraint["type"] == "start_date":
        start = datetime.strptime(constraint["start_date"], "%Y-%m-%d").replace(tzinfo=timezone.utc)
        return now >= start.timestamp()
    second = now % 86_400
    start_of_day, end_of_day = _second_of(constraint["start_time"]), _second_of(constraint["end_time"])
    if end_of_day < start_of_day:
        return second >= start_of_day or second < end_of_day
    return start_of_day <= second < end_of_day


def _second_of(time: str) -> int:
    hours, minutes, seconds = time.rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _nearness(entry: Any, names: Tuple[str, Optional[str]]) -> int:
    """How an entry names the model: by its name (3), its name without a date (2), a beginning of it (1), or not."""
    name, undated = names
    wanted = entry["model"].lower()
    if entry["match"] == "prefix":
        return 1 if name.startswith(wanted) else 0
    if name == wanted:
        return 3
    return 2 if undated == wanted else 0


def _chosen(candidates: List[Any], names: Tuple[str, Optional[str]]) -> Optional[Any]:
    """Of each subject the entry recorded last, unless it takes the price back; of these the most specific: of a project
    before all, a name before a beginning, a longer beginning before a shorter one.
    """
    latest: Dict[Tuple[Any, ...], Any] = {}
    for entry in candidates:
        subject = (entry.get("project"), entry["model"].lower(), entry["match"])
        known = latest.get(subject)
        if known is None or entry.get("recordedAt", 0) >= known.get("recordedAt", 0):
            latest[subject] = entry
    return max(
        (entry for entry in latest.values() if "withdrawn" not in entry),
        key=lambda entry: (entry.get("project") is not None, _nearness(entry, names), len(entry["model"])),
        default=None,
    )


def _changed(below: Optional[BookPrices], entry: Any) -> Optional[BookPrices]:
    """None when the change needs a price below it and there is none: a part has no price without a whole."""
    own = entry.get("prices")
    if own is not None:
        is_whole = "input_mtok" in own or "output_mtok" in own
        return None if below is None and not is_whole else {**(below or {}), **own}
    if below is None:
        return None
    factor = Decimal(entry["multiplier"])
    return {
        name: _times(price, factor) if name.endswith("_mtok") and name not in entry["except"] else price
        for name, price in below.items()
    }


def _times(price: Any, factor: Decimal) -> Any:
    if not isinstance(price, dict):
        return str(Decimal(str(price)) * factor)
    tiers = [{"start": tier["start"], "price": _times(tier["price"], factor)} for tier in price["tiers"]]
    return {"base": _times(price["base"], factor), "tiers": tiers}


def _family_of(model: str) -> Optional[str]:
    """What a model's name begins with: "gpt-9-turbo" is of the family "gpt", "claude-opus-9" of "claude"."""
    match = _FAMILY.search(re.sub(r"^.*[./]", "", model.lower()))
    return match.group() if match else None


def _dearest(known: List[UnitPrices]) -> UnitPrices:
    tiers = [tier for prices in known for tier in (prices.base, *(further for _, further in prices.tiers))]
    searches = [prices.per_web_search for prices in known if prices.per_web_search is not None]
    return UnitPrices(
        base={
            part: max((price for tier in tiers if (price := tier[part]) is not None), default=None)
            for part in known[0].base
        },
        per_request=max(prices.per_request for prices in known),
        per_web_search=max(searches, default=None),
    )
