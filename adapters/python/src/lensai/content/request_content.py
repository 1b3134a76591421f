from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple

from lensai.content.parts import Part, first_of, parts_of, response_part

Message = Dict[str, Any]
"""`role` and `parts`."""


class RequestContent(NamedTuple):
    """What a model is asked, in the words of the OpenTelemetry GenAI conventions."""

    system_instructions: List[Part]
    input_messages: List[Message]
    tool_definitions: List[Any]


_INSTRUCTING = ("system", "developer")


def request_content_of(request: Mapping[str, Any]) -> RequestContent:
    """Reads the content of a request of any API: each says the same under one of a few names."""
    asked = dict(request)
    messages = _messages_in(asked)
    instructing = [message for message in messages if message["role"] in _INSTRUCTING]
    return RequestContent(
        parts_of(_system_of(asked)) + [part for message in instructing for part in message["parts"]],
        [message for message in messages if message["role"] not in _INSTRUCTING],
        _tools_in(asked),
    )


def _system_of(request: Dict[str, Any]) -> Any:
    """Anthropic, Bedrock: system; OpenAI responses: instructions; Gemini: a message without a role."""
    gemini = first_of(request, "systemInstruction", "system_instruction")
    if isinstance(gemini, dict):
        return gemini.get("parts")
    asked = first_of(request, "system", "instructions")
    return gemini if asked is None else asked


def _messages_in(request: Dict[str, Any]) -> List[Message]:
    """Most: messages; Gemini: contents; OpenAI responses: input; completions: prompt."""
    asked = first_of(request, "messages", "contents", "input", "prompt")
    if isinstance(asked, str):
        return [{"role": "user", "parts": parts_of(asked)}]
    return [_message_of(each) for each in asked] if isinstance(asked, list) else []


def _message_of(message: Any) -> Message:
    if not isinstance(message, dict):
        return {"role": "user", "parts": parts_of(message)}
    said = message.get("role")
    role = said if isinstance(said, str) else _role_of_item(message)
    content = first_of(message, "content", "parts")
    if role == "tool" and "tool_call_id" in message:
        return {"role": role, "parts": [response_part(message["tool_call_id"], content)]}
    # An item of the responses API that is no message is a block itself.
    if content is None and "role" not in message:
        return {"role": role, "parts": parts_of(message)}
    return {"role": "assistant" if role == "model" else role, "parts": parts_of_message(message)}


def _role_of_item(item: Dict[str, Any]) -> str:
    kind = item.get("type")
    if kind == "function_call_output":
        return "tool"
    return "assistant" if kind in ("function_call", "reasoning") else "user"


def parts_of_message(message: Dict[str, Any]) -> List[Part]:
    """Its content, what it thought before, and the tools it calls, wherever they stand."""
    thought = first_of(message, "reasoning_content", "thinking")
    return [
        *(parts_of({"thinking": thought}) if isinstance(thought, str) and thought != "" else []),
        *parts_of(first_of(message, "content", "parts")),
        *parts_of(message.get("refusal")),
        *parts_of(message.get("tool_calls")),
    ]


def _tools_in(request: Dict[str, Any]) -> List[Any]:
    config = request.get("toolConfig")
    tools = first_of(request, "tools")
    if tools is None and isinstance(config, dict):
        tools = config.get("tools")
    return tools if isinstance(tools, list) else []
