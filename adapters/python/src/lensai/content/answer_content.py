from __future__ import annotations

from typing import Any, Dict, List, Mapping

from lensai.content.choice_content import ChoiceContent
from lensai.content.parts import first_of, parts_of
from lensai.content.request_content import Message, parts_of_message
from lensai.wire.json_path import values_at

_INDEX_MAX = 256
"""More choices or blocks than any answer has: an index beyond is not one."""


class AnswerContent:
    """What a model answered, put together from its whole answer or from the events of a stream, of any API: events are
    told apart by what they hold. Never raises for what is not as expected; it is left out.
    """

    def __init__(self) -> None:
        self._choices: Dict[int, ChoiceContent] = {}

    def add(self, body: Any) -> None:
        """A whole answer, or one event of a stream."""
        if not isinstance(body, dict):
            return
        for choice in _list_at(body, "choices"):
            self._add_openai(choice)
        for candidate in _list_at(body, "candidates"):
            parts = [part for each in values_at(candidate, "content.parts") for part in parts_of(each)]
            self._choice_at(candidate.get("index")).append(parts)
        self._add_responses(body)
        self._add_blocks(body)
        self._add_bedrock(body)
        self._add_message(body)

    def messages(self, finish_reasons: Mapping[int, str]) -> List[Message]:
        """By the index of the choice, and so are the reasons."""
        found: List[Message] = []
        for index, choice in sorted(self._choices.items(), key=lambda item: item[0]):
            message: Message = {"role": "assistant", "parts": choice.parts()}
            if index in finish_reasons:
                message["finish_reason"] = finish_reasons[index]
            found.append(message)
        return found

    def _choice_at(self, index: Any) -> ChoiceContent:
        is_index = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < _INDEX_MAX
        return self._choices.setdefault(index if is_index else 0, ChoiceContent())

    def _add_openai(self, item: Dict[str, Any]) -> None:
        """Chat: a message, or what is added to it; the older API: a text."""
        message, delta, text = item.get("message"), item.get("delta"), item.get("text")
        choice = self._choice_at(item.get("index"))
        if isinstance(message, dict):
            choice.append(parts_of_message(message))
        if isinstance(text, str):
            choice.add_text("text", "text", text)
        if not isinstance(delta, dict):
            return
        content, thought = delta.get("content"), delta.get("reasoning_content")
        if isinstance(thought, str):
            choice.add_text("thought", "reasoning", thought)
        if isinstance(content, str):
            choice.add_text("text", "text", content)
        for call in _list_at(delta, "tool_calls"):
            wanted = call.get("function")
            asked: Dict[str, Any] = wanted if isinstance(wanted, dict) else {}
            key = f"tool {call.get('index')}"
            choice.add_tool_call(key, call.get("id"), asked.get("name"), asked.get("arguments"))

    def _add_responses(self, body: Dict[str, Any]) -> None:
        """The last event of OpenAI's responses holds all of it; before, there are texts."""
        response, delta = body.get("response"), body.get("delta")
        whole = response if isinstance(response, dict) else body
        output = whole.get("output")
        if isinstance(output, list) and output:
            items = _list_at(whole, "output")
            parts = [
                part
                for item in items
                for part in parts_of(item if item.get("content") is None else item["content"])
            ]
            self._choice_at(0).replace(parts)
        elif body.get("type") == "response.output_text.delta" and isinstance(delta, str):
            self._choice_at(0).add_text(f"text {body.get('output_index')}", "text", delta)

    def _add_blocks(self, body: Dict[str, Any]) -> None:
        """Anthropic: blocks that begin and grow."""
        delta, key = body.get("delta"), f"block {body.get('index')}"
        begun = body.get("content_block")
        if isinstance(begun, dict):
            self._choice_at(0).begin(key, begun)
        if isinstance(delta, dict) and body.get("type") == "content_block_delta":
            self._grow(key, delta.get("text"), delta.get("thinking"), delta.get("partial_json"))

    def _add_bedrock(self, body: Dict[str, Any]) -> None:
        for message in values_at(body, "output.message"):
            if isinstance(message, dict):
                self._choice_at(0).append(parts_of_message(message))
        begun, grown = body.get("contentBlockStart"), body.get("contentBlockDelta")
        for use in values_at(begun, "start.toolUse"):
            if isinstance(begun, dict) and isinstance(use, dict):
                key = f"block {begun.get('contentBlockIndex')}"
                self._choice_at(0).add_tool_call(key, use.get("toolUseId"), use.get("name"))
        if isinstance(grown, dict):
            paths = ("delta.text", "delta.reasoningContent.text", "delta.toolUse.input")
            texts = [next(iter(values_at(grown, path)), None) for path in paths]
            self._grow(f"block {grown.get('contentBlockIndex')}", *texts)

    def _grow(self, key: str, text: Any, thought: Any, given: Any) -> None:
        if isinstance(text, str):
            self._choice_at(0).add_text(key, "text", text)
        if isinstance(thought, str):
            self._choice_at(0).add_text(key, "reasoning", thought)
        if isinstance(given, str):
            self._choice_at(0).add_tool_call(key, given=given)

    def _add_message(self, body: Dict[str, Any]) -> None:
        """Anthropic and Cohere as a whole; Ollama line by line; Cohere's streams."""
        message, response = body.get("message"), body.get("response")
        if body.get("type") == "message" and "content" in body:
            self._choice_at(0).append(parts_of(body["content"]))
        if isinstance(response, str):
            self._choice_at(0).add_text("text", "text", response)
        if isinstance(message, dict) and "type" not in body:
            if isinstance(message.get("thinking"), str):
                self._choice_at(0).add_text("thought", "reasoning", message["thinking"])
            if isinstance(message.get("content"), str):
                self._choice_at(0).add_text("text", "text", message["content"])
            else:
                self._choice_at(0).append(parts_of(message.get("content")))
            self._choice_at(0).append(parts_of(message.get("tool_calls")))
        for text in values_at(body, "delta.message.content.text"):
            if isinstance(text, str):
                self._choice_at(0).add_text(f"block {body.get('index')}", "text", text)


def _list_at(body: Dict[str, Any], name: str) -> List[Dict[str, Any]]:
    items = body.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
