"""What a provider answers, small."""

from __future__ import annotations

import json
from typing import Any, Dict, List

from http_server import Received, Reply

USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
COUNTED = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}


def chat(**more: Any) -> Dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "secret words"}], **more}


def completion(number: int = 1) -> bytes:
    message = {"role": "assistant", "content": "It will be sunny."}
    return json.dumps(
        {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": USAGE,
        }
    ).encode()


def chunks(with_usage: bool) -> List[bytes]:
    """A chat stream, as it comes with the option for usage and without it."""
    words = ["It ", "will ", "be ", "sunny."]
    deltas: List[Dict[str, Any]] = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in words]
    deltas.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    shared = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini-2024-07-18"}
    events: List[Dict[str, Any]] = [{**shared, "choices": [delta]} for delta in deltas]
    if with_usage:
        events = [{**event, "usage": None} for event in events]
        events.append({**shared, "choices": [], "usage": USAGE})
    return [f"data: {json.dumps(event)}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"]


def stream(with_usage: bool = True, **more: Any) -> Reply:
    return Reply(200, chunks(with_usage), {"content-type": "text/event-stream"}, **more)


def openai_like(received: Received) -> Reply:
    """As OpenAI does: usage of streams for those who ask."""
    request = json.loads(received.body)
    if not request.get("stream"):
        return Reply(200, completion(), {"content-type": "application/json"})
    return stream((request.get("stream_options") or {}).get("include_usage") is True)
