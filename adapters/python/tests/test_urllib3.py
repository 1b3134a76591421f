"""requests, urllib3 and botocore: the same to the program, and a span of every call."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from typing import Any, Callable, Dict, List

import boto3
import pytest
import requests
import urllib3
from botocore.config import Config
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from provider_bodies import COUNTED, chat, chunks, completion, openai_like, stream

PATH = "/v1/chat/completions"


def attributes(spans: InMemorySpanExporter) -> Dict[str, Any]:
    (span,) = spans.get_finished_spans()
    return dict(span.attributes or {})


def test_a_call_with_requests_is_a_span(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:
        response = requests.post(f"{server.url}{PATH}", json=chat(), timeout=9)
    assert response.json()["id"] == "chatcmpl-1"
    found = attributes(observed)
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert found["server.port"] == int(server.url.rsplit(":", 1)[1])


@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "with length"])
@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize("size", [1, 64, 100_000, None])
def test_a_body_is_read_in_passing_whichever_way_it_is_read(
    is_chunked: bool, coding: Any, size: Any, observed: InMemorySpanExporter
) -> None:
    body = completion() if coding is None else gzip.compress(completion())
    headers = {"content-type": "application/json", **({} if coding is None else {"content-encoding": coding})}
    reply = Reply(200, [body[:50], body[50:]] if is_chunked else body, headers)
    with HttpServer(lambda _: reply) as server:
        with requests.post(f"{server.url}{PATH}", json=chat(), stream=True, timeout=9) as response:
            assert b"".join(response.iter_content(size)) == completion()
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


@pytest.mark.parametrize("decodes", [True, False])
@pytest.mark.parametrize("size", [7, 100_000])
def test_bytes_that_the_program_does_not_decode_are_read_all_the_same(
    decodes: bool, size: int, observed: InMemorySpanExporter
) -> None:
    body = gzip.compress(completion())
    reply = Reply(200, body, {"content-type": "application/json", "content-encoding": "gzip"})
    with HttpServer(lambda _: reply) as server:
        response = urllib3.PoolManager().request(
            "POST",
            f"{server.url}{PATH}",
            body=json.dumps(chat()),
            preload_content=False,
            decode_content=decodes,
        )
        parts: List[bytes] = []
        while part := response.read(size):
            parts.append(part)
    assert b"".join(parts) == (completion() if decodes else body)
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


def test_a_body_that_is_read_at_once_is_read(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:
        response = urllib3.request("POST", f"{server.url}{PATH}", json=chat())
    assert response.json()["id"] == "chatcmpl-1"
    assert isinstance(response, urllib3.HTTPResponse)
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


def test_a_stream_passes_untouched_and_is_not_asked_for_its_usage(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:
        with requests.post(f"{server.url}{PATH}", json=chat(stream=True), stream=True, timeout=9) as response:
            lines = list(response.iter_lines())
    assert b"\n".join(lines) + b"\n" == b"".join(chunks(False))
    assert b"stream_options" not in server.received[0].body
    found = attributes(observed)
    assert found["lensai.usage.source"] == "missing" and "lensai.observation.problem" not in found
    assert found["gen_ai.response.time_to_first_chunk"] > 0


def lines_of(response: Any) -> bytes:
    return b"".join(line + b"\n" for line in response.iter_lines())


READS: Dict[str, Callable[[Any], bytes]] = {
    "by line": lines_of,
    "as it comes": lambda response: b"".join(response.iter_content(None)),
    "in small parts": lambda response: b"".join(response.iter_content(7)),
    "at once": lambda response: bytes(response.content),
    "raw": lambda response: bytes(response.raw.read()),
    "raw, in parts": lambda response: b"".join(iter(lambda: response.raw.read(10), b"")),
    "buffered": lambda response: io.BufferedReader(response.raw, 16).read(),
}


@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "with length"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_stream_of_a_known_provider_is_asked_for_its_usage_and_the_program_does_not_see_it(
    read: Callable[[Any], bytes], is_chunked: bool, observed: InMemorySpanExporter
) -> None:
    def answer(received: Received) -> Reply:
        reply = openai_like(received)
        return reply if is_chunked else replace(reply, body=b"".join(reply.body))  # type: ignore[arg-type]

    # A proxy is asked with the provider's address.
    with HttpServer(answer) as server:
        with requests.post(
            f"http://api.openai.com{PATH}",
            json=chat(stream=True),
            stream=True,
            timeout=9,
            proxies={"http": server.url},
        ) as response:
            assert read(response) == b"".join(chunks(False))
    (received,) = server.received
    assert json.loads(received.body)["stream_options"] == {"include_usage": True}
    assert received.headers["accept-encoding"] == "identity"
    found = attributes(observed)
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert "lensai.observation.problem" not in found


def test_a_stream_that_is_read_at_once_hides_its_usage_as_well(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:
        manager = urllib3.ProxyManager(server.url)
        response = manager.request("POST", f"http://api.openai.com{PATH}", json=chat(stream=True))
    assert response.data == b"".join(chunks(False))
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


def test_a_stream_that_comes_compressed_all_the_same_passes_as_it_is(observed: InMemorySpanExporter) -> None:
    body = gzip.compress(b"".join(chunks(True)))
    reply = Reply(200, body, {"content-type": "text/event-stream", "content-encoding": "gzip"})
    with HttpServer(lambda _: reply) as server:
        proxies = {"http": server.url}
        response = requests.post(
            f"http://api.openai.com{PATH}", json=chat(stream=True), timeout=9, proxies=proxies
        )
    assert response.content == b"".join(chunks(True))
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


def test_the_usage_of_a_stream_that_reports_it_is_read(observed: InMemorySpanExporter) -> None:
    with HttpServer(lambda _: stream()) as server:
        with requests.post(f"{server.url}{PATH}", json=chat(stream=True), stream=True, timeout=9) as response:
            assert b"".join(response.iter_content(None)) == b"".join(chunks(True))
    assert attributes(observed)["gen_ai.usage.output_tokens"] == 20


def test_a_compressed_answer_is_read_to_its_end_however_large_it_is(observed: InMemorySpanExporter) -> None:
    message = {"role": "assistant", "content": "sunny " * 50_000}
    body = json.dumps({**json.loads(completion()), "choices": [{"message": message}]}).encode()
    reply = Reply(200, gzip.compress(body), {"content-type": "application/json", "content-encoding": "gzip"})
    with HttpServer(lambda _: reply) as server:
        assert requests.post(f"{server.url}{PATH}", json=chat(), timeout=9).content == body
    found = attributes(observed)
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert "lensai.observation.problem" not in found


def test_a_stream_that_breaks_off_or_is_left_is_marked(observed: InMemorySpanExporter) -> None:
    cut = Reply(200, chunks(True)[:3], {"content-type": "text/event-stream"}, is_cut=True)
    with HttpServer(lambda _: cut) as server:
        with requests.post(f"{server.url}{PATH}", json=chat(stream=True), stream=True, timeout=9) as response:
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                list(response.iter_content(None))
    with HttpServer(openai_like) as server:
        with requests.post(f"{server.url}{PATH}", json=chat(stream=True), stream=True, timeout=9) as response:
            next(response.iter_lines())
    broken, left = [dict(span.attributes or {}) for span in observed.get_finished_spans()]
    assert broken["lensai.observation.problem"] == left["lensai.observation.problem"] == "stream_broken_off"
    assert broken["error.type"] == "ProtocolError" and "error.type" not in left


def test_a_refusal_and_a_server_that_is_not_there_are_failed_calls(observed: InMemorySpanExporter) -> None:
    with HttpServer(lambda _: Reply(429, b"{}")) as server:
        assert requests.post(f"{server.url}{PATH}", json=chat(), timeout=9).status_code == 429
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(f"http://127.0.0.1:1{PATH}", json=chat(), timeout=9)
    kinds = [(span.attributes or {})["error.type"] for span in observed.get_finished_spans()]
    assert kinds == ["429", "MaxRetryError"]


def test_a_call_of_bedrock_is_a_span(observed: InMemorySpanExporter) -> None:
    usage = {"inputTokens": 3, "outputTokens": 442, "cacheReadInputTokens": 7917, "cacheWriteInputTokens": 350}
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}},
        "stopReason": "end_turn",
        "usage": {**usage, "totalTokens": 8712},
        "metrics": {"latencyMs": 1},
    }
    reply = Reply(200, json.dumps(body).encode(), {"content-type": "application/json"})
    with HttpServer(lambda _: reply) as server:
        client: Any = boto3.client(
            "bedrock-runtime",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 1}),
        )
        answer = client.converse(
            modelId="anthropic.claude-haiku-4-5-20251001-v1:0",
            messages=[{"role": "user", "content": [{"text": "hello"}]}],
            inferenceConfig={"maxTokens": 9},
        )
    assert answer["stopReason"] == "end_turn"
    found = attributes(observed)
    assert found["gen_ai.provider.name"] == "aws.bedrock"
    assert found["gen_ai.request.model"] == "anthropic.claude-haiku-4-5-20251001-v1:0"
    assert (found["gen_ai.request.max_tokens"], found["gen_ai.usage.input_tokens"]) == (9, 8270)
