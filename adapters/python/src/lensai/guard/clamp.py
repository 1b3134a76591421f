from __future__ import annotations

import json
from typing import Any, List, Mapping, Optional

from lensai.wire.call import WireCall
from lensai.wire.json_path import values_at

CLAMPED_TOKENS_MIN = 64
"""A shorter answer is of no use, and costs its input all the same: then the call is refused."""

_LIMIT = "gen_ai.request.max_tokens"
_NEW_NAME_PROVIDERS = frozenset(["openai", "azure.ai.openai"])
"""OpenAI's models that reason refuse the old name; other servers know only that one."""


def with_output_limit(call: WireCall, request: Mapping[str, Any], tokens: int) -> Optional[Mapping[str, Any]]:
    """The request with its limit of output tokens lowered to this, or put in where there was none; everything else in it
    stays. None when the API has no such limit, and where the model must be allowed more than this: Anthropic refuses a
    limit that is not above the budget for thinking.
    """
    if tokens < CLAMPED_TOKENS_MIN or _thinking_tokens(request) >= tokens:
        return None
    paths: List[str] = call.api.request["attributes"].get(_LIMIT, [])
    changed = [path for path in paths if values_at(request, path)]
    if not changed and paths:
        changed = [paths[0] if call.provider in _NEW_NAME_PROVIDERS else paths[-1]]
    if not changed:
        return None
    for path in changed:
        request = _with_value(request, path.split("."), tokens)
    return request


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """As it goes out; lone surrogates stay what they are."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _thinking_tokens(request: Mapping[str, Any]) -> float:
    thinking = request.get("thinking")
    tokens = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return tokens if isinstance(tokens, (int, float)) and not isinstance(tokens, bool) else 0


def _with_value(document: Mapping[str, Any], path: List[str], value: int) -> Mapping[str, Any]:
    key, *rest = path
    if not rest:
        return {**document, key: value}
    below = document.get(key)
    return {**document, key: _with_value(below if isinstance(below, dict) else {}, rest, value)}
