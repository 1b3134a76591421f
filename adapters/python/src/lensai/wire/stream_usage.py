"""OpenAI's chat streams report usage only when the request has `stream_options.include_usage`. The option is put in
for callers that did not ask, and what it adds to the stream is taken out again.
"""

from __future__ import annotations

import json
import re
from typing import Any, Mapping, Optional

from lensai.wire.json_path import parse_json
from lensai.wire.sse import SseEvent

_REFUSALS = frozenset([400, 422])
"""Bad request and unprocessable content."""

_NAMED = re.compile(rb"stream_options|include_usage")

_NULL_USAGE = re.compile(r',\s*"usage"\s*:\s*null(?=\s*[,}])|"usage"\s*:\s*null\s*,')
"""Inside of JSON texts every quote is escaped, so that this is found only where it is a member."""


def with_stream_usage(request: Mapping[str, Any]) -> bytes:
    """The request's JSON with the option; everything else in it stays as it is."""
    options = request.get("stream_options")
    asked = {**(options if isinstance(options, dict) else {}), "include_usage": True}
    return json.dumps({**request, "stream_options": asked}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def may_refuse_stream_usage(status: int) -> bool:
    return status in _REFUSALS


def refuses_stream_usage(status: int, body: bytes) -> bool:
    """A refusal of the option: servers name what they do not know."""
    return status in _REFUSALS and _NAMED.search(body) is not None


def without_stream_usage(event: SseEvent) -> str:
    """The event as it would have come without the option; empty when it would not have come."""
    if event.data is None or '"usage"' not in event.data:
        return event.raw
    return "" if _is_usage_chunk(event.data) else _NULL_USAGE.sub("", event.raw)


def _is_usage_chunk(data: str) -> bool:
    """The chunk that exists only for the usage: it has no choices."""
    try:
        chunk = parse_json(data)
    except ValueError:
        return False
    return isinstance(chunk, dict) and isinstance(chunk.get("usage"), dict) and chunk.get("choices") == []
