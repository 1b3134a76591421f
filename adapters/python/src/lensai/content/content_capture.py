"""Puts what models are asked and answer on spans, masked before it leaves the process."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from lensai import _attributes as names
from lensai.content.answer_content import AnswerContent
from lensai.content.request_content import request_content_of
from lensai.redaction.redactor import redact_text
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts

_OPERATIONS = frozenset(["chat", "text_completion", "generate_content"])
"""Operations whose content is messages; vectors and sounds are no text to read."""

_ATTRIBUTE_CHARACTERS_MAX = 1024 * 1024
"""A longer attribute is left out: it would be most of what an export may hold, and collectors cut it."""

_CAPTURING = frozenset(["true", "span_only", "span_and_event"])
"""Where the variable puts content on spans; `event_only` and `no_content` do not."""


def captures_content_by(variable: Optional[str]) -> bool:
    """What OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says."""
    return (variable or "").strip().lower() in _CAPTURING


class CapturedCall:
    """The content of one call."""

    def __init__(self, call: WireCall) -> None:
        self._call = call
        self._answer = AnswerContent()

    @staticmethod
    def begin(call: WireCall) -> Optional[CapturedCall]:
        """None for calls without such content."""
        return CapturedCall(call) if call.api.operation in _OPERATIONS else None

    def add(self, body: Any) -> None:
        """A body of the answer, or an event of its stream."""
        self._answer.add(body)

    def request_attributes(self) -> Dict[str, str]:
        if self._call.request is None:
            return {}
        content = request_content_of(self._call.request)
        return _present(
            {
                names.SYSTEM_INSTRUCTIONS: _masked(content.system_instructions),
                names.INPUT_MESSAGES: _masked(content.input_messages),
                names.TOOL_DEFINITIONS: _masked(content.tool_definitions),
            }
        )

    def answer_attributes(self, facts: ResponseFacts) -> Dict[str, str]:
        reasons = dict(enumerate(facts.finish_reasons))
        return _present({names.OUTPUT_MESSAGES: _masked(self._answer.messages(reasons))})


def _masked(content: List[Any]) -> Optional[str]:
    if not content:
        return None
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return None if len(text) > _ATTRIBUTE_CHARACTERS_MAX else redact_text(text)


def _present(attributes: Dict[str, Optional[str]]) -> Dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}
