"""One span per attempt, and a link from each to the one before."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional

import boto3
import botocore.endpoint
import httpx
import openai
import pytest
from botocore.config import Config
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, TraceFlags

from http_server import HttpServer, Received, Reply
from lensai.calls.failed_attempts import FailedAttempts, Resend, SentRequest
from provider_bodies import chat, completion

JSON = {"content-type": "application/json"}
URL = "https://api.openai.com/v1/chat/completions"


def span(number: int) -> SpanContext:
    return SpanContext(1, number, is_remote=False, trace_flags=TraceFlags(1))


def request(headers: Dict[str, str], body: bytes = b"{}", trace_id: Optional[int] = None) -> SentRequest:
    return SentRequest(URL, headers, body, trace_id)


def test_an_attempt_that_the_sdk_counts_is_linked_to_the_failure_before() -> None:
    failed = FailedAttempts()
    failed.add(request({}), span(1), 0)
    again = request({"x-stainless-retry-count": "1"})
    assert failed.resend_of(again) == Resend(1, span(1))
    failed.add(again, span(2), 1)
    assert failed.resend_of(request({"x-stainless-retry-count": "2"})) == Resend(2, span(2))


def test_an_attempt_of_awss_sdk_is_known_by_its_invocation_whatever_its_body() -> None:
    failed = FailedAttempts()
    for number, key in enumerate("ab"):
        failed.add(request({"amz-sdk-invocation-id": key, "amz-sdk-request": "attempt=1; max=3"}), span(number), 0)
    second = request({"amz-sdk-invocation-id": "a", "amz-sdk-request": "attempt=2; max=3"}, b"other")
    assert failed.resend_of(second) == Resend(1, span(0))


def test_the_same_body_in_the_same_trace_is_another_try_once_and_outside_of_traces_it_is_not() -> None:
    failed = FailedAttempts()
    failed.add(request({}, b"one", 7), span(1), 0)
    assert failed.resend_of(request({}, b"two", 7)) == Resend(0, None)
    assert failed.resend_of(request({}, b"one", 8)) == Resend(0, None)
    assert failed.resend_of(request({}, b"one", 7)) == Resend(1, span(1))
    assert failed.resend_of(request({}, b"one", 7)) == Resend(0, None)
    failed.add(request({}), span(1), 0)
    assert failed.resend_of(request({})) == Resend(0, None)


def test_of_very_many_failures_the_oldest_are_forgotten() -> None:
    failed = FailedAttempts()
    for key in range(3000):
        failed.add(request({"idempotency-key": str(key)}), span(key), 0)
    assert failed.resend_of(request({"idempotency-key": "1999"})).previous is None
    assert failed.resend_of(request({"idempotency-key": "2000"})).previous == span(2000)


def refusing_once(answer: Reply) -> Callable[[Received], Reply]:
    answers = [Reply(503, b"{}", JSON), answer]
    return lambda _: answers.pop(0)


def expect_linked(spans: InMemorySpanExporter) -> None:
    made: List[ReadableSpan] = [each for each in spans.get_finished_spans() if each.name != "around"]
    first, second = made
    assert (first.attributes or {})["error.type"] == "503" and not first.links
    assert (second.attributes or {})["http.request.resend_count"] == 1
    assert [link.context.span_id for link in second.links] == [first.context.span_id]


def test_openais_sdk_tries_again(observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai.OpenAI, "_calculate_retry_timeout", lambda *_: 0)
    with HttpServer(refusing_once(Reply(200, completion(), JSON))) as server:
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=1)
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}])
    expect_linked(observed)


def test_awss_sdk_tries_again(observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)
    body: Dict[str, Any] = {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn"}
    with HttpServer(refusing_once(Reply(200, json.dumps(body).encode(), JSON))) as server:
        client: Any = boto3.client(
            "bedrock-runtime",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 2, "mode": "standard"}),
        )
        client.converse(modelId="anthropic.x", messages=[{"role": "user", "content": [{"text": "Hi"}]}])
    expect_linked(observed)


def test_an_application_tries_again_by_itself(observed: InMemorySpanExporter) -> None:
    with HttpServer(refusing_once(Reply(200, completion(), JSON))) as server:
        with trace.get_tracer("test").start_as_current_span("around"):
            for _ in range(2):
                httpx.post(f"{server.url}/v1/chat/completions", json=chat())
    expect_linked(observed)
