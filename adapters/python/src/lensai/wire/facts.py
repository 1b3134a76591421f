from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from lensai.wire.call import WireCall
from lensai.wire.json_path import text_at, texts_at, values_at
from lensai.wire.text_tokens import text_tokens_at_most
from lensai.wire.usage import RawUsage, read_provider_usage

_CHOICES_MAX = 256
"""More choices than any API gives: an index beyond is not one."""

_OTHER_ERROR = "_OTHER"
"""What OpenTelemetry calls errors without a name."""

_HEADER_COUNT = re.compile(r"\d{1,15}", re.ASCII)

_UNFINISHED = frozenset(["queued", "in_progress"])
"""States of an answer that goes on."""


@dataclass
class ResponseFacts:
    """What a provider's answer says about the call, as far as it was read."""

    id: Optional[str] = None
    model: Optional[str] = None
    service_tier: Optional[str] = None
    system_fingerprint: Optional[str] = None
    finish_reasons_by_index: Dict[int, str] = field(default_factory=dict)
    usage: RawUsage = field(default_factory=RawUsage)
    has_usage: bool = False
    output_characters: int = 0
    """Characters that a stream has put out."""
    output_tokens_at_most: int = 0
    """The same in tokens, as an upper bound."""
    error_type: Optional[str] = None
    cost_usd: Optional[float] = None
    """What the provider says it cost, in US dollars."""
    is_from_cache: bool = False
    """A gateway has answered from its cache: counts are those of the call that it has kept, or none."""
    problem: Optional[str] = None
    """Why the answer could not be read, or not to its end."""
    on_body: Optional[Callable[[Any], None]] = field(default=None, repr=False, compare=False)
    """Told of every body, or event of a stream, that is read."""

    @property
    def finish_reasons(self) -> List[str]:
        """By the index of the choice; one that was not finished is "error"."""
        if not self.finish_reasons_by_index:
            return []
        last = max(self.finish_reasons_by_index)
        return [self.finish_reasons_by_index.get(index, "error") for index in range(last + 1)]


def add_to_facts(call: WireCall, body: Any, facts: ResponseFacts) -> None:
    """Adds what a body, or one event of a stream, says. A later event overrules an earlier one."""
    response = call.api.response
    facts.id = text_at(body, response.get("id", ())) or facts.id
    facts.model = text_at(body, response.get("model", ())) or facts.model
    facts.service_tier = text_at(body, response.get("serviceTier", ())) or facts.service_tier
    facts.system_fingerprint = (
        text_at(body, response.get("systemFingerprint", ())) or facts.system_fingerprint
    )
    facts.error_type = _error_type_in(body, response.get("errorType", ())) or facts.error_type
    cost = _cost_in(body, response.get("costUsd", ()))
    facts.cost_usd = facts.cost_usd if cost is None else cost
    _add_finish_reasons(body, response.get("finishReasons"), facts)
    if read_provider_usage(call.usage, body, facts.usage):
        facts.has_usage = True
    if facts.on_body is not None:
        facts.on_body(body)


def add_header_usage(call: WireCall, headers: Mapping[str, str], facts: ResponseFacts) -> None:
    """Adds the counts that come in headers, by lower-case name; the body's own overrule them."""
    for part, name in call.api.response.get("usageHeaders", {}).items():
        value = headers.get(name, "")
        if _HEADER_COUNT.fullmatch(value) is None:
            continue
        facts.usage.counts[part] = int(value)
        facts.usage.input_convention = call.usage.input_convention
        facts.usage.output_convention = call.usage.output_convention
        facts.has_usage = True


def add_output_text(call: WireCall, event: Any, facts: ResponseFacts) -> None:
    """Counts the text that one event of a stream brings."""
    for text in texts_at(event, call.api.response.get("outputText", ())):
        facts.output_tokens_at_most += text_tokens_at_most(text)
        # In UTF-16 units, as the same guess is made elsewhere.
        is_ascii = text.isascii()
        facts.output_characters += (
            len(text) if is_ascii else len(text.encode("utf-16-le", "surrogatepass")) // 2
        )


def _error_type_in(body: Any, paths: Sequence[str]) -> Optional[str]:
    """Some errors are nothing but a message, or a number and one; messages quote what was asked."""
    kind = text_at(body, paths)
    if kind is not None:
        return kind
    for path in paths:
        for value in values_at(body, path):
            if _is_number(value) and 100 <= value < 600 and int(value) == value:
                return str(int(value))
    error = body.get("error") if isinstance(body, dict) else None
    is_error = isinstance(error, dict) or (isinstance(error, str) and error != "")
    return _OTHER_ERROR if is_error else None


def _cost_in(body: Any, paths: Sequence[str]) -> Optional[float]:
    for path in paths:
        for value in values_at(body, path):
            if _is_number(value) and value >= 0:
                return float(value)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _add_finish_reasons(body: Any, paths: Optional[Mapping[str, Any]], facts: ResponseFacts) -> None:
    if paths is None:
        return
    if "list" not in paths:
        reason = text_at(body, paths["at"])
        if reason is not None and reason not in _UNFINISHED:
            facts.finish_reasons_by_index[0] = reason
        return
    instead = text_at(body, paths.get("instead", ()))
    if instead is not None:
        facts.finish_reasons_by_index[0] = instead
    for place, element in enumerate(values_at(body, f"{paths['list']}[]")):
        reason = text_at(element, paths["at"])
        index = element.get("index") if isinstance(element, dict) else None
        index = place if index is None else index
        is_index = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < _CHOICES_MAX
        if reason is not None and is_index:
            facts.finish_reasons_by_index[index] = reason
