"""What a provider's response says about usage, as it was sent, and in normal form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

from lensai.wire.tables import UsageFields, UsageTable

Count = Union[int, float]

TOKENS_MAX = 1_000_000_000
"""One call cannot have more tokens: a hundred times the largest context there is. A larger count is a mistake."""

_LIST_STEP = re.compile(r"(\w+)\[(\w+)\]", re.ASCII)
_EACH = "[]."
"""What stands between the key of a list and the path in each of its elements."""

_INPUT_IS_EXCLUSIVE = 1
_OUTPUT_IS_EXCLUSIVE = 2


@dataclass
class RawUsage:
    """Token counts as the provider sent them, by the contract's names ("cacheRead"). Absent is not sent, 0 is sent."""

    counts: Dict[str, Count] = field(default_factory=dict)
    input_convention: Optional[str] = None
    """ "inclusive", "exclusive" (of cached tokens) or "disjoint" (of modalities too)"""
    output_convention: Optional[str] = None


NormalUsage = Dict[str, int]
"""Counts in normal form by the contract's names: `input` and `output` are inclusive, the other parts disjoint."""


def read_provider_usage(table: UsageTable, body: Any, into: RawUsage) -> bool:
    """Reads what a response, or one event of its stream, says about usage. Counts that are not in it keep the value
    that `into` has: providers repeat running totals, and adding them up would count twice. False when the body has no
    count of the table; `into` is untouched then.
    """
    values = (_value_at(body, root) for root in table.roots)
    usage = next((value for value in values if isinstance(value, (dict, list))), None)
    if usage is None:
        return False
    counts = _counts_of(usage, table.fields)
    if not counts:
        return False
    into.counts.update(counts)
    into.counts.update(_counts_of(body, table.beside))
    into.input_convention = table.input_convention
    into.output_convention = table.output_convention
    return True


def _counts_of(value: Any, fields: UsageFields) -> Dict[str, Count]:
    found = ((name, _count_of(value, rule)) for name, rule in fields.items())
    return {name: count for name, count in found if count is not None}


def _count_of(usage: Any, rule: Mapping[str, Sequence[str]]) -> Optional[Count]:
    first = next((count for name in rule["names"] if (count := _number_at(usage, name)) is not None), None)
    added = [count for path in rule.get("plus", ()) if (count := _number_at(usage, path)) is not None]
    if first is None and not added:
        return None
    total = (first or 0) + sum(added)
    taken = sum(_number_at(usage, path) or 0 for path in rule.get("minus", ()))
    return total if taken == 0 else max(0, total - taken)


def _number_at(value: Any, path: str) -> Optional[Count]:
    before, each, behind = path.partition(_EACH)
    if each:
        return _sum_over(_value_at(value, before), behind)
    found = _value_at(value, path)
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _sum_over(elements: Any, path: str) -> Optional[Count]:
    if not isinstance(elements, list):
        return None
    counts = [count for element in elements if (count := _number_at(element, path)) is not None]
    return sum(counts) if counts else None


def _value_at(value: Any, path: str) -> Any:
    if path == "":
        return value
    for step in path.split("."):
        match = _LIST_STEP.fullmatch(step)
        if match is None:
            value = value.get(step) if isinstance(value, dict) else None
        else:
            elements = value.get(match.group(1)) if isinstance(value, dict) else None
            value = _of_modality(elements, match.group(2))
    return value


def _of_modality(elements: Any, modality: str) -> Any:
    if not isinstance(elements, list):
        return None
    return next(
        (each for each in elements if isinstance(each, dict) and each.get("modality") == modality), None
    )


def normalise_usage(raw: RawUsage) -> NormalUsage:
    """Brings counts into normal form, as the contract's `normaliseUsage` does. Whether `input` contains the cached
    tokens (and `output` the reasoning tokens) is decided by proof (no other reading is possible), then by the
    convention of the table, then by the definition of OpenTelemetry: inclusive.

    A Bedrock call of input 3, output 442, read 7917, written 350, total 8712 has input 8270 = 3 + 7917 + 350.
    """
    counts: NormalUsage = {}
    for name in _COPIED:
        count = _checked(raw.counts.get(name))
        if count is not None:
            counts[name] = count
    _split_cache_write(raw, counts)
    _add_modalities(raw, counts)
    total = _checked(raw.counts.get("total"))
    cached = _cached(counts)
    proof = _proof(counts, cached, total)
    _settle(raw, counts, (cached, proof))
    if total is not None:
        _derive_totals(raw, counts, total)
    _cut_input_parts(counts)
    _cut_output_parts(counts)
    return counts


_COPIED = (
    "input",
    "output",
    "cacheRead",
    "reasoning",
    "audioInput",
    "audioOutput",
    "imageInput",
    "imageOutput",
    "webSearches",
)


def _checked(value: Optional[Count]) -> Optional[int]:
    if value is None or not 0 <= value <= TOKENS_MAX or int(value) != value:
        return None
    return int(value)


def _cached(counts: NormalUsage) -> int:
    return counts.get("cacheRead", 0) + counts.get("cacheWrite5m", 0) + counts.get("cacheWrite1h", 0)


def _split_cache_write(raw: RawUsage, counts: NormalUsage) -> None:
    """Anthropic sends all writes and, beside them, the split by time to live; others send only all writes."""
    written = _checked(raw.counts.get("cacheWrite"))
    for name in ("cacheWrite5m", "cacheWrite1h"):
        count = _checked(raw.counts.get(name))
        if count is not None:
            counts[name] = count
    if written is None:
        return
    rest = written - counts.get("cacheWrite5m", 0) - counts.get("cacheWrite1h", 0)
    if rest >= 0:
        counts["cacheWrite5m"] = counts.get("cacheWrite5m", 0) + rest


def _add_modalities(raw: RawUsage, counts: NormalUsage) -> None:
    """Buckets that share nothing: the modalities are beside the text as well."""
    if raw.input_convention == "disjoint" and "input" in counts:
        counts["input"] += counts.get("audioInput", 0) + counts.get("imageInput", 0)
    if raw.output_convention == "disjoint" and "output" in counts:
        counts["output"] += counts.get("audioOutput", 0) + counts.get("imageOutput", 0)


def _proof(counts: NormalUsage, cached: int, total: Optional[int]) -> int:
    """Proof by parts, and by what the total has beyond input + output as sent."""
    proof = 0
    reasoning = counts.get("reasoning", 0)
    if "input" in counts and cached > counts["input"]:
        proof |= _INPUT_IS_EXCLUSIVE
    if "output" in counts and reasoning > counts["output"]:
        proof |= _OUTPUT_IS_EXCLUSIVE
    if total is None or "input" not in counts or "output" not in counts:
        return proof
    beyond = total - counts["input"] - counts["output"]
    if beyond <= 0:
        return proof
    if beyond == cached + reasoning:
        return proof | (_INPUT_IS_EXCLUSIVE if cached > 0 else 0) | (_OUTPUT_IS_EXCLUSIVE if reasoning > 0 else 0)
    if cached == reasoning:
        return proof
    if beyond == cached:
        return proof | _INPUT_IS_EXCLUSIVE
    return proof | _OUTPUT_IS_EXCLUSIVE if beyond == reasoning else proof


def _settle(raw: RawUsage, counts: NormalUsage, known: Tuple[int, int]) -> None:
    """Makes `output` and `input` inclusive."""
    cached, proof = known
    reasoning = counts.get("reasoning", 0)
    if "output" in counts and reasoning > 0:
        if proof & _OUTPUT_IS_EXCLUSIVE or raw.output_convention in ("exclusive", "disjoint"):
            counts["output"] += reasoning
    if "input" in counts and cached > 0:
        if proof & _INPUT_IS_EXCLUSIVE or raw.input_convention in ("exclusive", "disjoint"):
            counts["input"] += cached


def _derive_totals(raw: RawUsage, counts: NormalUsage, total: int) -> None:
    """A missing total of one direction follows from the grand total and the other direction, but only where the
    difference cannot be anything else.
    """
    if "input" in counts and "output" not in counts:
        rest = total - counts["input"]
        # Nothing over: the input said again, of an embedding as of an answer whose output nobody counted.
        if rest == 0:
            return
        reasoning = counts.get("reasoning", 0)
        if rest == reasoning or (rest > reasoning and raw.input_convention == "inclusive"):
            counts["output"] = rest
    elif "output" in counts and "input" not in counts:
        rest = total - counts["output"]
        if rest >= _cached(counts):
            counts["input"] = rest


def _cut_input_parts(counts: NormalUsage) -> None:
    """Parts above their total mean that cached audio or images were counted twice: they leave their modality."""
    if "input" not in counts:
        return
    room = counts["input"] - _cached(counts)
    for name in ("imageInput", "audioInput"):
        if name in counts:
            counts[name] = min(counts[name], room)
            room -= counts[name]
    counts["inputUncached"] = room


def _cut_output_parts(counts: NormalUsage) -> None:
    if "output" not in counts:
        return
    room = counts["output"] - counts.get("reasoning", 0)
    if "audioOutput" in counts:
        counts["audioOutput"] = min(counts["audioOutput"], room)
        room -= counts["audioOutput"]
    if "imageOutput" in counts:
        counts["imageOutput"] = min(counts["imageOutput"], room)
