from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Dict, Generic, Optional, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from lensai import _attributes as names
from lensai._attribution import attribution_of
from lensai._never_throw import never_throw
from lensai._scope import DEFERRED_SCOPE, INSTRUMENTATION_VERSION
from lensai.spans.call_attributes import AttributeValue, request_attributes, response_attributes, span_name_of
from lensai.wire.call import WireCall, call_of_answer
from lensai.wire.deferred_sources import DeferredAnswer, FoundAnswers
from lensai.wire.facts import ResponseFacts, add_to_facts

_REMEMBERED_MAX = 20_000
"""Who fetches answers asks again and again until they are there, and may fetch them twice."""

_NANOS_PER_MS = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Fetching:
    """Where and in what context answers were fetched."""

    url: str
    parent: Context
    name: str
    """What is fetched, by the last name in its path."""


class DeferredAnswers:
    """Makes a span of every answer that is fetched after the request that asked for it was answered: once in this process.
    The span has the provider's own times, so that the same answer fetched by another process is known for the same.
    """

    def __init__(self) -> None:
        self._told: _Remembered[object] = _Remembered()
        self._unfinished: _Remembered[bool] = _Remembered()
        self._batch_times_ms: _Remembered[int] = _Remembered()

    def add(self, found: FoundAnswers, fetching: Fetching) -> None:
        """Makes spans of what was found, and remembers what tells more of answers to come."""
        for name in found.unfinished:
            self._unfinished.put(name, True)
        if found.batch_time is not None:
            self._batch_times_ms.put(*found.batch_time)
        for answer in found.answers:
            never_throw("describing an answer that was fetched", self._tell, answer, fetching)

    def _tell(self, answer: DeferredAnswer, fetching: Fetching) -> None:
        call = call_of_answer(answer.api, fetching.url, answer.model)
        if call is None:
            return
        facts = _facts_of(call, answer)
        if facts.id is None or (answer.is_known_by_waiting and self._unfinished.get(facts.id) is None):
            return
        if not self._told.is_first(facts.id, object()):
            return
        start_ms = answer.start_ms
        if start_ms is None:
            start_ms = self._batch_times_ms.get(fetching.name)
        if start_ms is None:
            start_ms = time.time_ns() // _NANOS_PER_MS
        span = trace.get_tracer(DEFERRED_SCOPE, INSTRUMENTATION_VERSION).start_span(
            span_name_of(replace(call, model=call.model or facts.model)),
            context=fetching.parent,
            kind=SpanKind.CLIENT,
            attributes={
                **attribution_of(fetching.parent),
                **_attributes_of(call, facts),
                names.ANSWER_DEFERRED: answer.kind,
            },
            start_time=start_ms * _NANOS_PER_MS,
        )
        if facts.error_type is not None:
            span.set_status(Status(StatusCode.ERROR))
        end_ms = start_ms if answer.end_ms is None else answer.end_ms
        span.end(max(start_ms, end_ms) * _NANOS_PER_MS)


def _facts_of(call: WireCall, answer: DeferredAnswer) -> ResponseFacts:
    facts = ResponseFacts()
    add_to_facts(call, answer.body, facts)
    facts.id = facts.id or answer.id
    # Some name no tier where all of it is one.
    if answer.kind == "batch":
        facts.service_tier = "batch"
    return facts


def _attributes_of(call: WireCall, facts: ResponseFacts) -> Dict[str, AttributeValue]:
    failed: Dict[str, AttributeValue] = {} if facts.error_type is None else {names.ERROR_TYPE: facts.error_type}
    return {**request_attributes(call), **response_attributes(call, facts), **failed}


class _Remembered(Generic[T]):
    """The newest of what was put in. Each change is one step of the interpreter: there is no lock that a fork could leave
    behind.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[str, T] = OrderedDict()

    def get(self, key: str) -> Optional[T]:
        return self._values.get(key)

    def put(self, key: str, value: T) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        self._forget()

    def is_first(self, key: str, value: T) -> bool:
        """Puts it in where nothing is yet. Of several threads with one key, one is the first; `value` is of no other."""
        if self._values.setdefault(key, value) is not value:
            return False
        self._forget()
        return True

    def _forget(self) -> None:
        if len(self._values) > _REMEMBERED_MAX:
            self._values.popitem(last=False)
