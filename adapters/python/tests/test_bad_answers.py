"""Whatever comes in the place of an answer, the application gets what it gets without us, and the span ends, says what is
wrong, and takes no other with it."""

from __future__ import annotations

import base64
import json
import random
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import httpx
import pytest
import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from lensai import configure
from lensai.spans.call_attributes import response_attributes
from lensai.wire.call import recognise_call
from lensai.wire.reader import create_response_reader
from provider_bodies import chat

VECTORS = Path(__file__).parent / "vectors" / "wire.json"
ANSWERS = [vector["given"] for vector in json.loads(VECTORS.read_text())["answers"]]
TYPES = [
    "application/json",
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
    "text/html",
    "audio/mpeg",
    "",
]
VALUES = [b"1e999", b"-1", b"1.5", b"null", b"true", b"[]", b"{}", b"9" * 30, b'"x"', b'"\\ud800"']
VALUE = re.compile(rb'-?\d+(?:\.\d+)?|"[^"\\]*"(?!:)|null|true')


def damaged(chance: random.Random, body: bytes) -> bytes:
    """What networks, proxies and broken servers do to bytes."""
    first, last = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    values = list(VALUE.finditer(body))
    value = chance.choice(values).span() if values else (0, 0)
    return chance.choice(
        [
            body[:first],
            body[:first] + body[last:],
            body[:first] + bytes([chance.randrange(256)]) + body[first + 1 :],
            body[:first] + bytes(chance.randrange(256) for _ in range(40)) + body[first:],
            body + body[first:],
            body[: value[0]] + chance.choice(VALUES) + body[value[1] :],
            body[: value[0]] + chance.choice(VALUES) + body[value[1] :],
        ]
    )


def damaged_answers(seed: int, count: int) -> List[Tuple[Dict[str, Any], bytes, str]]:
    """Answers of every API, what has become of their bytes, and the type that they say they have."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        given = chance.choice(ANSWERS)
        body = b"".join(base64.b64decode(chunk) for chunk in given["chunks"])
        for _ in range(chance.randint(1, 3)):
            body = damaged(chance, body)
        kind = given["headers"].get("content-type", "") if chance.random() < 0.7 else chance.choice(TYPES)
        found.append((given, body, kind))
    return found


def test_no_answer_makes_a_reader_raise_or_tells_what_no_export_can_hold(spans: InMemorySpanExporter) -> None:
    chance = random.Random(7)
    tracer = trace.get_tracer("test")
    for given, body, kind in damaged_answers(seed=20261130, count=3000):
        call = recognise_call("POST", given["url"], given["request"].encode())
        assert call is not None
        reader = create_response_reader(call, {**given["headers"], "content-type": kind})
        if reader is None:
            continue
        for at in range(0, len(body), 50):
            reader.push(body[at : at + 50])
        reader.end(chance.random() < 0.8)
        tracer.start_span("span", attributes=response_attributes(call, reader.facts)).end()
    attributes = 0
    for span in spans.get_finished_spans():
        encoded = encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]
        assert len(encoded.attributes) == len(span.attributes or {})
        attributes += len(encoded.attributes)
    assert attributes > 3000


def test_a_frame_whose_headers_go_beyond_their_end_ends_the_reading_and_is_marked() -> None:
    given = next(each for each in ANSWERS if "eventstream" in each["headers"].get("content-type", ""))
    call = recognise_call("POST", given["url"], given["request"].encode())
    assert call is not None
    reader = create_response_reader(call, given["headers"])
    assert reader is not None
    frame = bytearray(b"".join(base64.b64decode(chunk) for chunk in given["chunks"]))
    frame[12] = 255
    reader.push(bytes(frame))
    reader.end(True)
    assert reader.facts.problem == "body_malformed" and not reader.facts.has_usage


@pytest.mark.parametrize(
    "more", [{"model": "m\ud800"}, {"max_tokens": 2**70}, {"stop": ["\udc00"]}, {"temperature": float("inf")}]
)
def test_what_an_application_asks_by_mistake_takes_no_other_span_with_it(
    observed: InMemorySpanExporter, more: Mapping[str, Any]
) -> None:
    body = json.dumps(chat(**more)).replace("Infinity", "1e999")
    with HttpServer(lambda _: Reply(200, b"{}", {"content-type": "application/json"})) as server:
        httpx.post(f"{server.url}/v1/chat/completions", content=body)
    (span,) = observed.get_finished_spans()
    encoded = encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]
    assert len(encoded.attributes) == len(span.attributes or {})


CLIENT = httpx.Client()


def get_by_httpx(url: str, body: str) -> bytes:
    with CLIENT.stream("POST", url, content=body) as response:
        return b"".join(response.iter_raw())


def get_by_requests(url: str, body: str) -> bytes:
    with requests.post(url, data=body, stream=True, timeout=10) as response:
        return b"".join(iter(lambda: response.raw.read(50), b""))


@pytest.mark.parametrize("get", [get_by_httpx, get_by_requests])
@pytest.mark.parametrize("captures_content", [False, True])
def test_the_application_gets_the_same_bytes_and_errors(
    spans: InMemorySpanExporter, get: Any, captures_content: bool
) -> None:
    answers = damaged_answers(seed=42, count=80)
    at = 0

    def answer(_: Received) -> Reply:
        body, kind = answers[at][1:]
        chunks = [body[start : start + 30] for start in range(0, len(body), 30)]
        return Reply(200, chunks, {"content-type": kind}, is_cut=at % 4 == 0)

    def seen(url: str) -> Tuple[bytes, str]:
        try:
            return get(url, answers[at][0]["request"]), ""
        except Exception as error:
            return b"", type(error).__name__

    with HttpServer(answer) as server:
        urls = [f"{server.url}/{given['url'].split('/', 3)[3]}" for given, _, _ in answers]
        plain = []
        for at, url in enumerate(urls):
            plain.append(seen(url))
        instrumented = configure(captures_content=captures_content, asks_for_stream_usage=False)
        for at, url in enumerate(urls):
            spans.clear()
            assert seen(url) == plain[at]
            made = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
            call = recognise_call("POST", url, answers[at][0]["request"].encode())
            assert len(made) == (0 if call is None else 1)
            if made and plain[at][1] != "":
                assert "lensai.observation.problem" in made[0] or "error.type" in made[0]
        instrumented.shutdown()
