from __future__ import annotations

import os
import threading
import time
from typing import Callable, Mapping, Optional, Set

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

from lensai import _attributes as names
from lensai._attribution import attribution_of
from lensai._never_throw import never_throw
from lensai._scope import INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION
from lensai.calls.failed_attempts import Resend
from lensai.content.content_capture import CapturedCall
from lensai.spans.call_attributes import (
    AttributeValue,
    request_attributes,
    response_attributes,
    span_name_of,
)
from lensai.guard.errors import CallStoppedError
from lensai.guard.guarded_call import GuardedCall
from lensai.wire.call import WireCall
from lensai.wire.facts import ResponseFacts
from lensai.wire.reader import ResponseReader, create_response_reader

_OBSERVED = context.create_key("lensai.observed_call")
"""Set while a call is made: a request inside of an observed one is the same call on a lower level."""

_ERROR_STATUS_MIN = 400


class CallSpan:
    """The span of one request to a provider, from before it is sent until its answer was read."""

    _open: Set[CallSpan] = set()
    """Those that have not ended, so that they are not lost with the process."""

    def __init__(self, call: WireCall, span: Span, guarded: Optional[GuardedCall] = None) -> None:
        self.call = call
        self._guarded = guarded
        self.on_abandon: Optional[Callable[[], None]] = None
        """Ends the span with what was read of the answer so far."""
        self._content: Optional[CapturedCall] = None
        self.on_failure: Optional[Callable[[SpanContext], None]] = None
        """Told of the span of a call that got no answer, or a refusal: it may be tried again."""
        self._span = span
        self._started = time.perf_counter()
        self._first_chunk: Optional[float] = None
        self._lock = threading.Lock()
        self._has_ended = False
        self._open.add(self)

    @classmethod
    def start(
        cls,
        call: WireCall,
        resend: Resend,
        guarded: Optional[GuardedCall] = None,
    ) -> Optional[CallSpan]:
        """None when nobody wants the span: it is not sampled, or there is no SDK; and no budget either."""
        decided: Mapping[str, AttributeValue] = {} if guarded is None else guarded.attributes
        resent = {names.HTTP_RESEND_COUNT: resend.times} if resend.times > 0 else {}
        span = trace.get_tracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION).start_span(
            span_name_of(call),
            kind=SpanKind.CLIENT,
            attributes={**request_attributes(call), **attribution_of(), **resent, **decided},
            links=[] if resend.previous is None else [Link(resend.previous)],
        )
        return cls(call, span, guarded) if span.is_recording() or guarded is not None else None

    @classmethod
    def abandon_all(cls) -> None:
        """Ends all spans, for the end of the process."""
        for span in list(cls._open):
            never_throw("ending a span", span.abandon)

    @classmethod
    def forget_all(cls) -> None:
        """A process that was forked: its parent ends them."""
        cls._open.clear()

    def inside(self) -> Context:
        """What the request itself runs in, so that spans of HTTP are children."""
        return observed_context(trace.set_span_in_context(self._span))

    @property
    def metered(self) -> Optional[GuardedCall]:
        """What holds the stream to what is reserved for it; None where nothing does."""
        return self._guarded if self._guarded is not None and self._guarded.is_metered else None

    def capture(self) -> None:
        """Puts the content of the request and that of the answer on the span when it ends."""
        if self._span.is_recording():
            self._content = CapturedCall.begin(self.call)

    def reader_of(self, headers: Mapping[str, str]) -> Optional[ResponseReader]:
        """The answer has begun: what reads it. None when nobody does; then the call has ended."""
        reader = create_response_reader(self.call, headers)
        if reader is None:
            self.complete(ResponseFacts(problem="content_type_unknown"))
            return None
        content = self._content
        if content is not None:
            # What is read of the answer is told to whoever captures its content.
            reader.facts.on_body = lambda body: never_throw("reading the content of an answer", content.add, body)
        return reader

    def chunk_arrived(self) -> None:
        """A part of the body has come."""
        if self._first_chunk is None:
            self._first_chunk = time.perf_counter()

    def fail(self, error: BaseException) -> None:
        """There is no answer: `error` is what the application gets."""
        self._end(
            lambda: self._set_error(_error_type_of(error)),
            lambda guarded: guarded.failed(error),
        )
        self._tell_failure()

    def stop(self, code: str) -> None:
        """Nothing was sent."""
        self._end(lambda: self._set_error(code), lambda guarded: guarded.refused())

    def refuse(self, status: int) -> None:
        """The provider refused; the body of a refusal says nothing about usage."""

        def describe() -> None:
            self._span.set_attribute(names.HTTP_STATUS_CODE, status)
            self._set_error(str(status))

        self._end(describe, lambda guarded: guarded.refused())
        self._tell_failure()

    def complete(self, facts: ResponseFacts, error: Optional[BaseException] = None) -> None:
        """The answer was read as far as it was. `error` is what cut it off, when it was not the caller."""

        def describe() -> None:
            self._span.set_attributes(response_attributes(self.call, facts))
            if self.call.is_stream and self._first_chunk is not None:
                self._span.set_attribute(
                    names.TIME_TO_FIRST_CHUNK_SECONDS, self._first_chunk - self._started
                )
            self._describe_content(lambda content: content.answer_attributes(facts))
            kind = facts.error_type if error is None else _error_type_of(error)
            if kind is not None:
                self._set_error(kind)

        self._end(describe, lambda guarded: guarded.completed(facts))

    def abandon(self) -> None:
        """Nobody will read on."""
        if self._first_chunk is not None and self.on_abandon is not None:
            self.on_abandon()
        self.complete(ResponseFacts(problem="body_not_read"))

    def _tell_failure(self) -> None:
        tell, self.on_failure = self.on_failure, None
        if tell is not None:
            never_throw("remembering a failure", tell, self._span.get_span_context())

    def _describe_content(self, attributes_of: Callable[[CapturedCall], Mapping[str, str]]) -> None:
        if self._content is not None:
            attributes = never_throw("describing content", attributes_of, self._content)
            self._span.set_attributes(attributes or {})

    def _set_error(self, kind: str) -> None:
        """Only the type: messages of providers quote what they were asked."""
        self._span.set_attribute(names.ERROR_TYPE, kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def _end(self, describe: Callable[[], None], settle: Callable[[GuardedCall], None]) -> None:
        """Once, and whatever happens: a span that never ends is a call that was never made."""
        with self._lock:
            if self._has_ended:
                return
            self._has_ended = True
        self._open.discard(self)
        if self._guarded is not None:
            never_throw("settling a call", settle, self._guarded)
            never_throw("describing a decision", self._span.set_attributes, self._guarded.attributes)
        self._describe_content(CapturedCall.request_attributes)
        try:
            describe()
        finally:
            self._span.end()


def _error_type_of(error: BaseException) -> str:
    return error.code if isinstance(error, CallStoppedError) else type(error).__name__


def is_observed() -> bool:
    return context.get_value(_OBSERVED) is True


def observed_context(inside: Context) -> Context:
    return context.set_value(_OBSERVED, True, inside)


def is_refusal(status: int) -> bool:
    return status >= _ERROR_STATUS_MIN


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CallSpan.forget_all)
