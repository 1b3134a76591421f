"""The span of a call in the words of the OpenTelemetry GenAI conventions (generation 3)."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Union

from lensai import _attributes as names
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts
from lensai.wire.usage import NormalUsage, RawUsage, normalise_usage

AttributeValue = Union[str, int, float, bool, List[str]]

_CHARACTERS_PER_TOKEN = 4
"""English prose has about four characters per token; other texts have fewer."""

_OPENAI_API_TYPES = {"openai.chat": "chat_completions", "openai.responses": "responses"}

_COUNT_NAMES = {
    "input": names.INPUT_TOKENS,
    "output": names.OUTPUT_TOKENS,
    "cacheRead": names.CACHE_READ_INPUT_TOKENS,
    "reasoning": names.REASONING_OUTPUT_TOKENS,
    "audioInput": names.AUDIO_INPUT_TOKENS,
    "audioOutput": names.AUDIO_OUTPUT_TOKENS,
    "imageInput": names.IMAGE_INPUT_TOKENS,
    "imageOutput": names.IMAGE_OUTPUT_TOKENS,
    "webSearches": names.USAGE_WEB_SEARCHES,
}

_OUTPUT_COUNTS = frozenset(["output", "outputText", "reasoning", "audioOutput", "imageOutput", "total"])


def span_name_of(call: WireCall) -> str:
    return call.api.operation if call.model is None else f"{call.api.operation} {call.model}"


def request_attributes(call: WireCall) -> Dict[str, AttributeValue]:
    """What is known before the call is made."""
    api_type = _OPENAI_API_TYPES.get(call.api.name)
    return {
        **call.parameters,
        names.OPERATION_NAME: call.api.operation,
        names.PROVIDER_NAME: call.provider,
        **({} if call.model is None else {names.REQUEST_MODEL: call.model}),
        **({names.REQUEST_STREAM: True} if call.is_stream else {}),
        **({} if api_type is None else {names.OPENAI_API_TYPE: api_type}),
        names.SERVER_ADDRESS: call.server_address,
        names.SERVER_PORT: call.server_port,
    }


def response_attributes(call: WireCall, facts: ResponseFacts) -> Dict[str, AttributeValue]:
    """What the answer adds. Counts are inclusive totals and their parts; what is not known is left out."""
    is_openai = call.api.name.startswith("openai.")
    found: Mapping[str, Any] = {
        names.RESPONSE_ID: facts.id,
        names.RESPONSE_MODEL: facts.model,
        names.FINISH_REASONS: facts.finish_reasons or None,
        names.OPENAI_SERVICE_TIER if is_openai else names.ANTHROPIC_SERVICE_TIER: facts.service_tier,
        names.OPENAI_SYSTEM_FINGERPRINT: facts.system_fingerprint,
        names.OBSERVATION_PROBLEM: facts.problem,
        names.USAGE_COST_USD: facts.cost_usd,
        names.ANSWER_FROM_CACHE: facts.is_from_cache or None,
        **_usage_attributes(facts),
    }
    return {name: value for name, value in found.items() if value is not None}


def seen_usage(facts: ResponseFacts) -> NormalUsage:
    """The counts that hold: of a stream that broke off, output counts are placeholders or running totals."""
    raw = facts.usage
    if facts.problem == "stream_broken_off":
        counts = {name: count for name, count in raw.counts.items() if name not in _OUTPUT_COUNTS}
        raw = RawUsage(counts, raw.input_convention, raw.output_convention)
    return normalise_usage(raw)


def estimated_output_tokens(facts: ResponseFacts) -> int:
    """A guess from the length of what a stream brought before it broke off."""
    seen = math.ceil(facts.output_characters / _CHARACTERS_PER_TOKEN)
    return max(seen, int(facts.usage.counts.get("output", 0)))


def _usage_attributes(facts: ResponseFacts) -> Dict[str, AttributeValue]:
    attributes = _count_attributes(seen_usage(facts))
    if facts.problem is None and facts.has_usage:
        return attributes
    # Part of a stream is no reason to guess its input: that would be most of the cost.
    if not facts.has_usage:
        return {names.USAGE_SOURCE: "missing"}
    if facts.problem != "stream_broken_off":
        return attributes
    return {
        **attributes,
        names.USAGE_SOURCE: "estimated",
        names.USAGE_ESTIMATED_OUTPUT_TOKENS: estimated_output_tokens(facts),
    }


def _count_attributes(usage: NormalUsage) -> Dict[str, AttributeValue]:
    found: Dict[str, AttributeValue] = {
        name: usage[part] for part, name in _COUNT_NAMES.items() if part in usage
    }
    written_5m, written_1h = usage.get("cacheWrite5m"), usage.get("cacheWrite1h")
    if written_5m is not None or written_1h is not None:
        found[names.CACHE_WRITE_INPUT_TOKENS] = (written_5m or 0) + (written_1h or 0)
    # Only where the provider tells them apart: without the split, all writes are of five minutes.
    if written_1h is not None:
        found[names.ANTHROPIC_CACHE_WRITE_1H] = written_1h
        if written_5m is not None:
            found[names.ANTHROPIC_CACHE_WRITE_5M] = written_5m
    return found
