from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Union

from lensai.content.parts import Part, parts_of, reasoning_part, text_part, tool_call_part


@dataclass
class _GrowingPart:
    """A part that grows with the events of a stream."""

    kind: str
    """ "text", "reasoning" or "tool_call" """
    texts: List[str] = field(default_factory=list)
    id: Optional[str] = None
    name: Optional[str] = None


class ChoiceContent:
    """One choice of an answer: its parts in the order in which they began."""

    def __init__(self) -> None:
        self._parts: List[Union[Part, _GrowingPart]] = []
        self._growing: Dict[str, _GrowingPart] = {}

    def append(self, parts: List[Part]) -> None:
        self._parts.extend(parts)

    def replace(self, parts: List[Part]) -> None:
        """Of an answer that comes once more as a whole."""
        self._parts = [*parts]
        self._growing = {}

    def begin(self, key: str, block: Dict[str, Any]) -> None:
        """A block that begins with something in it: the name of a tool, or a whole result."""
        name, text, thinking = block.get("name"), block.get("text"), block.get("thinking")
        if isinstance(text, str):
            self.add_text(key, "text", text)
        elif isinstance(thinking, str):
            self.add_text(key, "reasoning", thinking)
        elif isinstance(name, str):
            self.add_tool_call(key, block.get("id"), name)
        else:
            self.append(parts_of(block))

    def add_text(self, key: str, kind: str, text: str) -> None:
        self._growing_at(key, kind).texts.append(text)

    def add_tool_call(self, key: str, call_id: Any = None, name: Any = None, given: Any = None) -> None:
        part = self._growing_at(key, "tool_call")
        if isinstance(call_id, str) and call_id != "":
            part.id = call_id
        if isinstance(name, str) and name != "":
            part.name = name
        if isinstance(given, str):
            part.texts.append(given)

    def parts(self) -> List[Part]:
        parts = [_grown(part) if isinstance(part, _GrowingPart) else part for part in self._parts]
        return [part for part in parts if part.get("content") != ""]

    def _growing_at(self, key: str, kind: str) -> _GrowingPart:
        known = self._growing.get(key)
        if known is not None and known.kind == kind:
            return known
        part = _GrowingPart(kind)
        self._growing[key] = part
        self._parts.append(part)
        return part


def _grown(part: _GrowingPart) -> Part:
    text = "".join(part.texts)
    if part.kind == "text":
        return text_part(text)
    if part.kind == "reasoning":
        return reasoning_part(text)
    return tool_call_part(part.id, part.name, {} if text == "" else text)
