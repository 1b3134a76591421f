from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Mapping, NamedTuple, Optional, Tuple

from opentelemetry import trace
from opentelemetry.trace import SpanContext

_FAILURES_MAX = 1000
"""Failures that may still be tried again; of more at once the oldest are forgotten, which costs a link."""

_IDENTITIES = ("amz-sdk-invocation-id", "idempotency-key")
"""Headers that stay the same when a request is sent again: AWS's SDK's, and that of several APIs."""

_COMPARED_BYTES = 4096
"""Of both ends of a body; requests that differ in neither, nor in length, are one."""

_ATTEMPT = re.compile(r"attempt=(\d{1,9})", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class SentRequest:
    """What is known of a request that may have been sent before."""

    url: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Optional[bytes]
    trace_id: Optional[int]
    """Of the trace that it is part of, if it is part of one."""

    @staticmethod
    def of(url: str, headers: Mapping[str, str], body: Optional[bytes]) -> SentRequest:
        context = trace.get_current_span().get_span_context()
        return SentRequest(url, headers, body, context.trace_id if context.is_valid else None)


class Resend(NamedTuple):
    """How often the same request was sent before, and the span of the last time, where that is known."""

    times: int
    previous: Optional[SpanContext]


class FailedAttempts:
    """Finds for an attempt the one before: who tries again does so after a failure. Bounded. Each change of the list is
    one step of the interpreter: there is no lock that a fork could leave behind.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[Tuple[object, ...], Resend] = OrderedDict()

    def add(self, request: SentRequest, span: SpanContext, count: int) -> None:
        key = _key_of(request)
        self._failures.pop(key, None)
        self._failures[key] = Resend(count, span)
        if len(self._failures) > _FAILURES_MAX:
            self._failures.popitem(last=False)

    def resend_of(self, request: SentRequest) -> Resend:
        """A failure is the past of one attempt only."""
        stated = _stated_count(request.headers)
        # Outside of a trace, equal requests are calls of their own unless the SDK says otherwise.
        can_be_known = request.trace_id is not None or stated > 0 or _identity_of(request.headers) is not None
        failure = self._failures.pop(_key_of(request), None) if can_be_known and self._failures else None
        if failure is None:
            return Resend(stated, None)
        return Resend(stated or failure.times + 1, failure.previous)


def _stated_count(headers: Mapping[str, str]) -> int:
    """By what the SDKs of OpenAI, Anthropic (`x-stainless-…`) and AWS (`attempt=2; max=3`) say; 0 when they do not."""
    resends = headers.get("x-stainless-retry-count", "")
    if _COUNT.fullmatch(resends) is not None and int(resends) > 0:
        return int(resends)
    attempt = _ATTEMPT.search(headers.get("amz-sdk-request", ""))
    return max(0, int(attempt.group(1)) - 1) if attempt is not None else 0


def _identity_of(headers: Mapping[str, str]) -> Optional[str]:
    return next((headers[name] for name in _IDENTITIES if name in headers), None)


def _key_of(request: SentRequest) -> Tuple[object, ...]:
    url = request.url.partition("?")[0]
    identity = _identity_of(request.headers)
    if identity is not None:
        return url, identity
    body = request.body or b""
    ends = body[:_COMPARED_BYTES] + body[-_COMPARED_BYTES:]
    return request.trace_id, url, len(body), hash(ends)
