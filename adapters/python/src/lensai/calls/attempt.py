from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Callable, Iterator, Mapping, Optional, Set, Union
from urllib.parse import urlsplit

from opentelemetry import context

from lensai._attribution import attribution_of
from lensai._never_throw import never_throw, report
from lensai.calls.answer import AnswerObserver, HidingObserver
from lensai.calls.content_coding import decoder_of
from lensai.calls.deferred_answers import DeferredAnswers, Fetching
from lensai.calls.failed_attempts import FailedAttempts, Resend, SentRequest
from lensai.calls.fetched_answers import FetchedAnswers
from lensai.calls.observed_call import ObservedCall
from lensai.guard.errors import CallStoppedError
from lensai.guard.guard import Guard, GuardedRequest
from lensai.guard.guarded_call import GuardedCall
from lensai.guard.waiting import Wait, Waiting, wait_in_task, wait_in_thread
from lensai.spans.call_span import CallSpan, is_observed, is_refusal
from lensai.wire.call import WireCall, recognise_call
from lensai.wire.deferred_sources import deferred_source_at, may_fetch_answers
from lensai.wire.facts import ResponseFacts
from lensai.wire.form_fields import FormFields
from lensai.wire.reader import SseReader
from lensai.wire.stream_usage import with_stream_usage

_LEASE_WAIT_MAX_SECONDS = 10.0
"""How long a call is held back for a lease, at most: longer than the ledger is waited for, so that the fail mode of the
budget decides and not the clock; longer than leases go without being renewed, so that every process has given back by
then what it does not need; and about as long as a call takes, so that many that ran have ended."""

_REFUSING_ORIGINS_MAX = 100
"""Servers that refuse the option for usage: few, and asked only once each."""

_WELCOMING = frozenset(["openai", "deepseek", "groq", "openrouter"])
"""Providers whose servers take the option of every caller: they are asked also where a refusal would be the answer."""

_SIGNED = ("content-digest", "digest", "signature", "x-amz-content-sha256")


@dataclass(frozen=True)
class OutgoingRequest:
    """A request as its transport has it."""

    method: str
    url: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Optional[bytes]
    """None when it cannot be read without disturbing the caller."""
    form: Optional[FormFields] = None
    """The fields of a form that is the body."""


def fetch_of_answers(place: str, address: Callable[[], str]) -> Optional[OutgoingRequest]:
    """A GET that may bring answers to calls that were made before. `place` has its path; the whole address is asked for
    only then. None for all others.
    """
    return OutgoingRequest("GET", address(), {}, None) if may_fetch_answers(place) else None


@dataclass(frozen=True)
class Abilities:
    """What a transport can do with a request and its answer."""

    can_resend: bool = True
    """It can send the caller's own body after a refusal of another one, and the application does not see that."""
    can_change_body: bool = True
    can_cut: bool = True
    """It ends a stream when it is told to."""


class Attempt:
    """One request to a provider, from before it is sent until its answer was read. Its transport says what happens;
    of the rest, a transport knows nothing. None of it raises.
    """

    def __init__(
        self,
        span: ObservedCall,
        origin: str,
        refusing: Set[str],
        *,
        clamped_body: Optional[bytes] = None,
        asking_body: Optional[bytes] = None,
    ) -> None:
        self._span = span
        self._origin = origin
        self._refusing = refusing
        self.clamped_body = clamped_body
        """The body to send instead of the caller's: with a lower limit of output."""
        self.asking_body = asking_body
        """The body to send first: it asks for usage that the caller did not ask for."""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Sends the request inside of its span: what is below is part of it."""
        inside = never_throw("entering a span", self._span.inside)
        token = None if inside is None else context.attach(inside)
        try:
            yield
        finally:
            if token is not None:
                context.detach(token)

    def failed(self, error: BaseException) -> None:
        """There is no answer: `error` is what the application gets."""
        never_throw("ending a span", self._span.fail, error)

    def option_refused(self) -> None:
        """The server does not know the option; the caller's own request is sent. Nothing was billed for the first."""
        self.asking_body = None
        if len(self._refusing) < _REFUSING_ORIGINS_MAX:
            self._refusing.add(self._origin)

    def answered(self, status: int, headers: Mapping[str, str]) -> Optional[AnswerObserver]:
        """The answer has begun: what is to be told of its body. None when nothing of it is read, as of a refusal;
        then the attempt has ended.
        """
        return never_throw("observing an answer", self._observe, status, headers)

    def unread(self, problem: str) -> None:
        """The answer has begun, and will not be read for this reason."""
        never_throw("ending a span", self._span.complete, ResponseFacts(problem=problem))

    def abandon(self) -> None:
        """Nobody will read the answer, or not on."""
        never_throw("ending the span of an unread answer", self._span.abandon)

    def _observe(self, status: int, headers: Mapping[str, str]) -> Optional[AnswerObserver]:
        if is_refusal(status):
            self._span.refuse(status)
            return None
        reader = self._span.reader_of(headers)
        if reader is None:
            return None
        decode = decoder_of(headers.get("content-encoding", ""))
        if decode is None:
            self.unread("content_type_unknown")
            return None
        is_hidden = self.asking_body is not None and isinstance(reader, SseReader)
        observer = (
            HidingObserver(self._span, reader, decode)
            if is_hidden and isinstance(reader, SseReader)
            else AnswerObserver(self._span, reader, decode)
        )
        self._span.on_abandon = observer.cancel
        return observer


Started = Union[Attempt, CallStoppedError, None]


class CallObserver:
    """The one place where calls begin, whatever they are sent with: every transport is an adapter of it."""

    def __init__(
        self,
        *,
        asks_for_stream_usage: bool = True,
        captures_content: bool = False,
        guard: Optional[Guard] = None,
    ) -> None:
        self._asks_for_stream_usage = asks_for_stream_usage
        self._captures_content = captures_content
        self._guard = guard or Guard()
        self._refusing: Set[str] = set()
        self._failed = FailedAttempts()
        self._deferred = DeferredAnswers()

    def start(self, request: OutgoingRequest, abilities: Abilities = Abilities()) -> Started:
        """Before a request is sent: the attempt that it is, in the active context. None when it is no call of a model, or
        nobody wants to know of it; an error when it must not be sent: that is what the application gets. Waits for the
        first policy, and for leases. Never raises.
        """
        if request.method == "GET":
            return never_throw("looking for answers", self._fetching, request)
        return never_throw("starting a span", wait_in_thread, self._start(request, abilities))

    async def start_in_task(self, request: OutgoingRequest, abilities: Abilities = Abilities()) -> Started:
        """The same in a task, whose loop goes on meanwhile. Raises nothing but what cancels the task."""
        if request.method == "GET":
            return never_throw("looking for answers", self._fetching, request)
        try:
            return await wait_in_task(self._start(request, abilities))
        except Exception as error:
            report("starting a span", error)
            return None

    def _fetching(self, request: OutgoingRequest) -> Optional[Attempt]:
        """Answers that were asked for before: nothing of it is charged or stopped, and it is no call itself."""
        source = deferred_source_at(urlsplit(request.url).path)
        if source is None or is_observed():
            return None
        fetching = Fetching(request.url, context.get_current(), source.name)
        return Attempt(FetchedAnswers(self._deferred, source, fetching), request.url, self._refusing)

    def _start(self, request: OutgoingRequest, abilities: Abilities) -> Waiting[Started]:
        # A request inside of an observed one is the same call on a lower level.
        call = None if is_observed() else recognise_call(request.method, request.url, request.body, request.form)
        if call is None:
            return None
        unknown_until = self._guard.unknown_until
        if unknown_until is not None:
            yield unknown_until
        asked = _guarded_request(request, abilities)
        attribution = attribution_of()
        guarded = self._guard.decide(call, attribution, asked)
        ends = time.monotonic() + _LEASE_WAIT_MAX_SECONDS
        while guarded is not None and guarded.answer is not None:
            left = ends - time.monotonic()
            yield Wait(guarded.answer.until, min(left, guarded.answer.timeout_seconds))
            guarded = self._guard.decide(call, attribution, replace(asked, can_wait=left > 0))
        return self._begun(call, request, guarded, abilities)

    def _begun(
        self, call: WireCall, request: OutgoingRequest, guarded: Optional[GuardedCall], abilities: Abilities
    ) -> Started:
        sent = SentRequest.of(request.url, request.headers, request.body)
        resend = never_throw("looking for an earlier attempt", self._failed.resend_of, sent) or Resend(0, None)
        span = never_throw("starting a span", CallSpan.start, call, resend, guarded)
        if self._captures_content and span is not None:
            never_throw("capturing content", span.capture)
        if span is not None:
            span.on_failure = lambda failed: self._failed.add(sent, failed, resend.times)
        if guarded is not None and guarded.error is not None:
            if span is not None:
                never_throw("ending a span", span.stop, guarded.error.code)
            return guarded.error
        if span is None:
            return None
        origin = f"{call.server_address}:{call.server_port}"
        clamped_body = None if guarded is None else guarded.clamped_body
        may_ask = abilities.can_resend or (call.is_at_known_host and call.provider in _WELCOMING)
        asking_body = self._asking_body(call, request, origin, clamped_body) if may_ask else None
        return Attempt(span, origin, self._refusing, clamped_body=clamped_body, asking_body=asking_body)

    def _asking_body(
        self, call: WireCall, request: OutgoingRequest, origin: str, clamped_body: Optional[bytes]
    ) -> Optional[bytes]:
        if not self._asks_for_stream_usage or not call.lacks_stream_usage or call.request is None:
            return None
        if origin in self._refusing or is_signed(request.headers):
            return None
        asked = call.request if clamped_body is None else json.loads(clamped_body)
        return never_throw("asking for usage", with_stream_usage, asked)


def _guarded_request(request: OutgoingRequest, abilities: Abilities) -> GuardedRequest:
    body = request.body
    is_json = body is not None and body.lstrip()[:1] == b"{"
    return GuardedRequest(
        body_bytes=None if body is None else len(body),
        is_body_changeable=abilities.can_change_body and is_json and not is_signed(request.headers),
        is_cuttable=abilities.can_cut,
        user_agent=request.headers.get("user-agent", ""),
    )


def is_signed(headers: Mapping[str, str]) -> bool:
    """A body that was signed must stay what it is."""
    return any(name in headers for name in _SIGNED) or headers.get("authorization", "").startswith("AWS4-")
