"""What models are asked and answer on spans: only when asked for, and masked."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from lensai import configure
from lensai.content import content_capture
from lensai.content.content_capture import CapturedCall
from lensai.wire.call import recognise_call
from lensai.wire.reader import create_response_reader
from provider_bodies import chat, completion, openai_like

CASES = json.loads((Path(__file__).parent / "vectors" / "content.json").read_text())["cases"]
VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.mark.parametrize("vector", CASES, ids=lambda vector: vector["given"]["name"])
def test_captures_the_same_of_every_api(vector: Any) -> None:
    given = vector["given"]
    call = recognise_call("POST", given["url"], given["request"].encode())
    assert call is not None
    reader = create_response_reader(call, given["headers"])
    captured = CapturedCall.begin(call)
    assert reader is not None and captured is not None
    reader.facts.on_body = captured.add
    for chunk in given["chunks"]:
        reader.push(base64.b64decode(chunk))
    reader.end(given["isWhole"])
    attributes = {**captured.request_attributes(), **captured.answer_attributes(reader.facts)}
    assert {name: json.loads(value) for name, value in attributes.items()} == vector["expected"]


@pytest.fixture
def model() -> Iterator[HttpServer]:
    with HttpServer(openai_like) as server:
        yield server


def ask(server: HttpServer, **more: Any) -> httpx.Response:
    response = httpx.post(f"{server.url}/v1/chat/completions", json=chat(**more))
    response.read()
    return response


def attributes_of(spans: InMemorySpanExporter) -> Dict[str, Any]:
    (span,) = spans.get_finished_spans()
    return dict(span.attributes or {})


def parsed(attributes: Dict[str, Any], name: str) -> List[Any]:
    found: List[Any] = json.loads(attributes[f"gen_ai.{name}"])
    return found


def test_nothing_is_captured_unless_somebody_asks_for_it(
    observed: InMemorySpanExporter, model: HttpServer
) -> None:
    ask(model)
    told = json.dumps(attributes_of(observed))
    assert "secret words" not in told and "sunny" not in told


@pytest.mark.parametrize("value", ["no_content", "event_only", "false", "1"])
def test_other_values_of_the_variable_capture_nothing(
    spans: InMemorySpanExporter, model: HttpServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    instrumented = configure()
    ask(model)
    instrumented.shutdown()
    assert "gen_ai.input.messages" not in attributes_of(spans)


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("value", ["true", "SPAN_ONLY", "span_and_event"])
def test_the_variable_puts_question_and_answer_on_the_span(
    spans: InMemorySpanExporter,
    model: HttpServer,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    is_stream: bool,
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    instrumented = configure()
    ask(model, stream=is_stream)
    instrumented.shutdown()
    attributes = attributes_of(spans)
    assert parsed(attributes, "input.messages") == [
        {"role": "user", "parts": [{"type": "text", "content": "secret words"}]}
    ]
    assert parsed(attributes, "output.messages") == [
        {"role": "assistant", "parts": [{"type": "text", "content": "It will be sunny."}], "finish_reason": "stop"}
    ]


def test_an_argument_wins_over_the_variable(
    spans: InMemorySpanExporter, model: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "true")
    instrumented = configure(captures_content=False)
    ask(model)
    instrumented.shutdown()
    assert "gen_ai.input.messages" not in attributes_of(spans)


@pytest.fixture
def capturing(spans: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    instrumented = configure(captures_content=True)
    yield spans
    instrumented.shutdown()


def test_secrets_and_personal_data_are_masked_before_they_leave_the_process(
    capturing: InMemorySpanExporter, model: HttpServer
) -> None:
    question = "I am bob@example.com, my key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    ask(model, messages=[{"role": "user", "content": question}])
    told = attributes_of(capturing)["gen_ai.input.messages"]
    assert "bob@" not in told and "abcdefghijklmnop" not in told
    assert "I am " in told


@pytest.mark.parametrize("content", ["a" * 1_100_000, "1 " * 60_000])
def test_content_that_is_too_long_or_too_slow_to_mask_is_left_out(
    capturing: InMemorySpanExporter, model: HttpServer, content: str
) -> None:
    ask(model, messages=[{"role": "user", "content": content}])
    attributes = attributes_of(capturing)
    assert "gen_ai.input.messages" not in attributes
    assert parsed(attributes, "output.messages")[0]["parts"]
    assert attributes["gen_ai.usage.input_tokens"] == 100


def test_a_refused_call_has_what_was_asked(capturing: InMemorySpanExporter) -> None:
    def refuse(_: Received) -> Reply:
        return Reply(429, b"{}", {"content-type": "application/json"})

    with HttpServer(refuse) as server:
        ask(server)
    attributes = attributes_of(capturing)
    assert "gen_ai.input.messages" in attributes and "gen_ai.output.messages" not in attributes


def test_a_failure_to_read_content_costs_no_count(
    capturing: InMemorySpanExporter, model: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(content_capture, "redact_text", broken)
    assert ask(model).content == completion()
    assert attributes_of(capturing)["gen_ai.usage.input_tokens"] == 100
