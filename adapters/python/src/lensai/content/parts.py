"""Parts of a message, as the JSON schemas of the OpenTelemetry GenAI conventions have them."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Optional

from lensai.wire.json_path import parse_json

Part = Dict[str, Any]


def text_part(content: str) -> Part:
    return {"type": "text", "content": content}


def reasoning_part(content: str) -> Part:
    return {"type": "reasoning", "content": content}


def tool_call_part(call_id: Any, name: Any, given: Any) -> Part:
    """`given`: an object, or the JSON text of one."""
    part: Part = {"type": "tool_call"}
    if isinstance(call_id, str):
        part["id"] = call_id
    if name is not None:
        part["name"] = name
    part["arguments"] = _parsed(given)
    return part


def response_part(call_id: Any, content: Any) -> Part:
    texts = _texts_in(content)
    # A tool that answers with something else than text: what it says, without the data of media.
    response = "\n".join(texts) if texts or isinstance(content, list) else content
    part: Part = {"type": "tool_call_response"}
    if isinstance(call_id, str):
        part["id"] = call_id
    if response is not None:
        part["response"] = response
    return part


def parts_of(content: Any) -> List[Part]:
    """The parts of the content of a message, whoever's API it is of: a text, or a list of texts and blocks. Blocks are
    told apart by what they hold, since providers name the same things differently. Images, sounds and files are
    mentioned, not kept.
    """
    if isinstance(content, str):
        return [] if content == "" else [text_part(content)]
    if isinstance(content, list):
        return [part for each in content for part in parts_of(each)]
    return [_part_of_block(content)] if isinstance(content, dict) else []


def _part_of_block(block: Dict[str, Any]) -> Part:
    for read in _BLOCK_READERS:
        part = read(block)
        if part is not None:
            return part
    return _media_part(block)


def _read_reasoning(block: Dict[str, Any]) -> Optional[Part]:
    """Anthropic: thinking; Bedrock: reasoningContent; Gemini: a text with `thought`; OpenAI: a summary."""
    if isinstance(block.get("thinking"), str):
        return reasoning_part(block["thinking"])
    if block.get("type") == "reasoning":
        return reasoning_part("\n".join(_texts_in(block.get("summary"))))
    if block.get("thought") is True and isinstance(block.get("text"), str):
        return reasoning_part(block["text"])
    if "reasoningContent" not in block:
        return None
    bedrock = block["reasoningContent"]
    return reasoning_part("\n".join(_texts_in([bedrock, _member(bedrock, "reasoningText")])))


def _read_text(block: Dict[str, Any]) -> Optional[Part]:
    """ "text", "input_text", "output_text", and what has a text and no type; OpenAI says why it refuses."""
    text = first_of(block, "text", "refusal")
    return text_part(text) if isinstance(text, str) else None


def _read_tool_call(block: Dict[str, Any]) -> Optional[Part]:
    """Anthropic: tool_use; Bedrock: toolUse; Gemini: functionCall; OpenAI: function_call and items of tool_calls."""
    kind, name = block.get("type"), block.get("name")
    if kind in ("function_call", "custom_tool_call"):
        return tool_call_part(block.get("call_id"), name, first_of(block, "arguments", "input"))
    if kind in ("tool_use", "server_tool_use"):
        return tool_call_part(block.get("id"), name, block.get("input"))
    used = block.get("toolUse")
    if isinstance(used, dict):
        return tool_call_part(used.get("toolUseId"), used.get("name"), used.get("input"))
    called = first_of(block, "functionCall", "function_call")
    if isinstance(called, dict):
        return tool_call_part(called.get("id"), called.get("name"), called.get("args"))
    wanted = block.get("function")
    if not isinstance(wanted, dict):
        return None
    return tool_call_part(block.get("id"), wanted.get("name"), wanted.get("arguments"))


def _read_tool_response(block: Dict[str, Any]) -> Optional[Part]:
    """Anthropic: tool_result; Bedrock: toolResult; Gemini: functionResponse; OpenAI: function_call_output."""
    kind = block.get("type")
    if kind == "tool_result":
        return response_part(block.get("tool_use_id"), block.get("content"))
    if kind == "function_call_output":
        return response_part(block.get("call_id"), block.get("output"))
    result = block.get("toolResult")
    if isinstance(result, dict):
        return response_part(result.get("toolUseId"), result.get("content"))
    answer = first_of(block, "functionResponse", "function_response")
    return response_part(answer.get("id"), answer.get("response")) if isinstance(answer, dict) else None


_BLOCK_READERS: List[Callable[[Dict[str, Any]], Optional[Part]]] = [
    _read_reasoning,
    _read_text,
    _read_tool_call,
    _read_tool_response,
]

_MEDIA = re.compile("image|audio|video|file|document", re.IGNORECASE)


def _media_part(block: Dict[str, Any]) -> Part:
    """What it is, and of which type; never its data."""
    named = (name for name in [block.get("type"), *block] if isinstance(name, str))
    found = next((match for name in named if (match := _MEDIA.search(name))), None)
    return {"type": "omitted", "modality": "other" if found is None else found.group().lower()}


def first_of(block: Dict[str, Any], *names: str) -> Any:
    """The first of these members that is there and not null."""
    return next((block[name] for name in names if block.get(name) is not None), None)


def _texts_in(value: Any) -> List[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in _texts_in(each)]
    text = _member(value, "text")
    return [text] if isinstance(text, str) else []


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return {} if value is None else value
    try:
        return parse_json(value)
    except ValueError:
        return value
