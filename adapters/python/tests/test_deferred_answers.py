"""Answers that are fetched after the request that asked for them was answered: by every transport, once."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from typing import Any, Callable, Dict, List, Tuple

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from lensai import configure, with_attribution

JSON = {"content-type": "application/json"}
FILE = {"content-type": "application/octet-stream"}
RESULTS = "/v1/messages/batches/msgbatch_1/results"
AT_RESPONSE = "/v1/responses/resp_1"
NANOS_PER_SECOND = 1_000_000_000

RESPONSE: Dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "background": True,
    "created_at": 1_790_000_000,
    "completed_at": 1_790_000_090,
    "model": "gpt-5.4-2026-03-05",
    "status": "completed",
    "service_tier": "flex",
    "usage": {
        "input_tokens": 900,
        "input_tokens_details": {"cached_tokens": 512},
        "output_tokens": 80,
        "output_tokens_details": {"reasoning_tokens": 64},
    },
}
WAITING = {**RESPONSE, "status": "in_progress", "usage": None, "completed_at": None}


def line(name: str) -> bytes:
    usage = {"input_tokens": 7, "output_tokens": 3, "service_tier": "batch"}
    message = {"id": name, "type": "message", "model": "claude-haiku-4-5-20251001", "stop_reason": "end_turn", "usage": usage}
    return json.dumps({"custom_id": name, "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


Get = Callable[[str], bytes]


def by_httpx(module: Any) -> Get:
    def get(url: str) -> bytes:
        with module.Client() as client:
            content: bytes = client.get(url).content
            return content

    return get


def by_async_httpx(module: Any) -> Get:
    async def get(url: str) -> bytes:
        async with module.AsyncClient() as client:
            content: bytes = (await client.get(url)).content
            return content

    return lambda url: asyncio.run(get(url))


async def _by_aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


async def _by_aiohttp_with_base(url: str) -> bytes:
    base, _, path = url.partition("/v1/")
    async with aiohttp.ClientSession(f"{base}/v1/") as session, session.get(path) as response:
        return b"".join([part async for part in response.content])


def by_requests_in_parts(url: str) -> bytes:
    with requests.get(url, stream=True, timeout=9) as response:
        return b"".join(response.iter_content(64))


GETS: List[Tuple[str, Get]] = [
    ("httpx", by_httpx(httpx)),
    ("httpx async", by_async_httpx(httpx)),
    ("httpx2", by_httpx(httpx2)),
    ("httpx2 async", by_async_httpx(httpx2)),
    ("aiohttp", lambda url: asyncio.run(_by_aiohttp(url))),
    ("aiohttp below a base", lambda url: asyncio.run(_by_aiohttp_with_base(url))),
    ("requests", lambda url: requests.get(url, timeout=9).content),
    ("requests in parts", by_requests_in_parts),
    ("urllib3 at once", lambda url: urllib3.PoolManager().request("GET", url).data),
]
EVERY = pytest.mark.parametrize("get", [get for _, get in GETS], ids=[name for name, _ in GETS])
get_once = by_httpx(httpx)


class Answering:
    """Answers with what it is told to."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def __call__(self, _: Received) -> Reply:
        return self.reply


def document(body: Any) -> Reply:
    return Reply(200, json.dumps(body).encode(), JSON)


def told(spans: InMemorySpanExporter) -> List[Any]:
    return [(span.attributes or {})["gen_ai.response.id"] for span in spans.get_finished_spans()]


def times(span: ReadableSpan) -> Tuple[float, float]:
    assert span.start_time is not None and span.end_time is not None
    return span.start_time / NANOS_PER_SECOND, span.end_time / NANOS_PER_SECOND


@EVERY
def test_a_response_is_a_span_with_the_providers_own_times_once(get: Get, observed: InMemorySpanExporter) -> None:
    answer = Answering(document(WAITING))
    with HttpServer(answer) as server, with_attribution(user="u1"):
        get(f"{server.url}{AT_RESPONSE}")
        answer.reply = document(RESPONSE)
        assert json.loads(get(f"{server.url}{AT_RESPONSE}")) == RESPONSE
        get(f"{server.url}{AT_RESPONSE}")
    (span,) = observed.get_finished_spans()
    assert span.name == "chat gpt-5.4-2026-03-05"
    assert span.instrumentation_scope is not None and span.instrumentation_scope.name == "lensai/deferred"
    assert times(span) == (1_790_000_000, 1_790_000_090)
    found = dict(span.attributes or {})
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.finish_reasons": ("completed",),
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.model": "gpt-5.4-2026-03-05",
        "gen_ai.usage.input_tokens": 900,
        "gen_ai.usage.cache_read.input_tokens": 512,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.reasoning.output_tokens": 64,
        "lensai.answer.deferred": "background",
        "openai.api.type": "responses",
        "openai.response.service_tier": "flex",
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rsplit(":", 1)[1]),
        "user.id": "u1",
    }


@EVERY
@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "gzip"])
def test_a_batch_is_read_line_by_line(get: Get, is_compressed: bool, observed: InMemorySpanExporter) -> None:
    names = [f"msg_{at}" for at in range(500)]
    body = b"".join(line(name) for name in names)
    reply = Reply(200, gzip.compress(body), {**FILE, "content-encoding": "gzip"}) if is_compressed else Reply(200, body, FILE)
    with HttpServer(lambda _: reply) as server:
        assert get(f"{server.url}{RESULTS}") == body
    assert told(observed) == names
    found = observed.get_finished_spans()[0].attributes or {}
    assert found["gen_ai.provider.name"] == "anthropic"
    assert found["anthropic.response.service_tier"] == found["lensai.answer.deferred"] == "batch"


@EVERY
def test_an_answer_whose_stream_is_fetched_is_told_when_it_ends(get: Get, observed: InMemorySpanExporter) -> None:
    events = [
        {"type": "response.in_progress", "response": WAITING},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.completed", "response": RESPONSE},
    ]
    body = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    with HttpServer(lambda _: Reply(200, body, {"content-type": "text/event-stream"})) as server:
        assert get(f"{server.url}{AT_RESPONSE}?stream=true") == b"".join(body)
    assert told(observed) == ["resp_1"]


@EVERY
def test_a_file_that_breaks_off_is_told_as_far_as_it_came_and_the_rest_when_it_is_fetched_again(
    get: Get, observed: InMemorySpanExporter
) -> None:
    whole = line("msg_1") + line("msg_2")
    answer = Answering(Reply(200, [line("msg_1"), line("msg_2")[:20]], FILE, is_cut=True))
    with HttpServer(answer) as server:
        with pytest.raises(Exception):
            get(f"{server.url}{RESULTS}")
        answer.reply = Reply(200, whole, FILE)
        assert get(f"{server.url}{RESULTS}") == whole
    assert sorted(told(observed)) == ["msg_1", "msg_2"]


def test_lines_are_told_as_they_come(observed: InMemorySpanExporter) -> None:
    with HttpServer(lambda _: Reply(200, [line("msg_1"), line("msg_2")], FILE)) as server, httpx.Client() as client:
        with client.stream("GET", f"{server.url}{RESULTS}") as response:
            for _ in response.iter_lines():
                break
    assert told(observed)[0] == "msg_1"


def test_a_batch_has_the_time_at_which_it_ended_when_that_was_told(observed: InMemorySpanExporter) -> None:
    answer = Answering(document({"id": "msgbatch_1", "ended_at": "2026-09-21T14:13:20Z"}))
    with HttpServer(answer) as server:
        get_once(f"{server.url}/v1/messages/batches/msgbatch_1")
        answer.reply = Reply(200, line("msg_1"), FILE)
        get_once(f"{server.url}{RESULTS}")
    (span,) = observed.get_finished_spans()
    assert times(span) == (1_790_000_000, 1_790_000_000)


@EVERY
@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b'{"error": {"message": "no such file"}}', JSON),
        Reply(200, b"\x89PNG\n\x1a\n" + line("msg_1"), {"content-type": "image/png"}),
        Reply(200, b'{"messages":[]}\n' * 9, FILE),
        Reply(200, b'{"id":"resp_1","background":tr', JSON),
        Reply(200, b"\xff\xfe\x00", {**FILE, "content-encoding": "gzip, br"}),
    ],
    ids=["refusal", "picture", "other lines", "half", "codings"],
)
def test_what_is_no_answer_reaches_the_application_as_it_is(
    get: Get, reply: Reply, spans: InMemorySpanExporter
) -> None:
    with HttpServer(lambda _: reply) as server:
        places = [f"{server.url}{path}" for path in ("/v1/files/file-1/content", RESULTS, AT_RESPONSE)]
        plain = [outcome(get, place) for place in places]
        instrumented = configure()
        assert [outcome(get, place) for place in places] == plain
        instrumented.shutdown()
    assert spans.get_finished_spans() == ()


def outcome(get: Get, url: str) -> Any:
    try:
        return get(url)
    except Exception as error:
        return type(error)


def test_a_file_that_is_none_of_ours_is_not_read_on(
    observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: List[object] = []
    parse = json.loads
    monkeypatch.setattr("lensai.wire.reader.parse_json", lambda text: read.append(text) or parse(text))
    body = b'{"messages":[]}\n' * 100_000
    with HttpServer(lambda _: Reply(200, body, FILE)) as server:
        assert asyncio.run(_by_aiohttp(f"{server.url}/v1/files/file-1/content")) == body
        assert urllib3.PoolManager().request("GET", f"{server.url}/v1/files/file-1/content").data == body
    assert 0 < len(read) < 10_000


@EVERY
def test_other_requests_are_not_looked_at(
    get: Get, observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: List[str] = []
    monkeypatch.setattr("lensai.calls.attempt.deferred_source_at", lambda path: asked.append(path))
    with HttpServer(lambda _: document(RESPONSE)) as server:
        get(f"{server.url}/v1/models")
        assert asked == []
        get(f"{server.url}{AT_RESPONSE}")
    assert asked == [AT_RESPONSE]
    assert observed.get_finished_spans() == ()


def test_of_many_threads_that_fetch_one_answer_one_tells_of_it(observed: InMemorySpanExporter) -> None:
    names = [f"msg_{at}" for at in range(200)]
    body = b"".join(line(name) for name in names)
    with HttpServer(lambda _: Reply(200, body, FILE)) as server:
        threads = [threading.Thread(target=get_once, args=(f"{server.url}{RESULTS}",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(told(observed)) == sorted(names)


def test_what_was_told_is_forgotten_when_it_is_too_much(
    observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lensai.calls.deferred_answers._REMEMBERED_MAX", 2)
    body = b"".join(line(name) for name in ("a", "b", "c", "c", "b", "a"))
    with HttpServer(lambda _: Reply(200, body, FILE)) as server:
        get_once(f"{server.url}{RESULTS}")
    assert told(observed) == ["a", "b", "c", "a"]


def test_observed_twice_an_answer_is_one_span(observed: InMemorySpanExporter) -> None:
    second = configure()
    with HttpServer(lambda _: document(RESPONSE)) as server:
        for _, get in GETS:
            get(f"{server.url}{AT_RESPONSE}")
    second.shutdown()
    assert told(observed) == ["resp_1"]


@EVERY
def test_whatever_breaks_inside_the_application_gets_its_answer(
    get: Get, observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken inside")

    with HttpServer(lambda _: document(RESPONSE)) as server:
        for part in ("deferred_answers.call_of_answer", "fetched_answers.call_of_answer", "attempt.deferred_source_at"):
            monkeypatch.setattr(f"lensai.calls.{part}", broken)
            assert json.loads(get(f"{server.url}{AT_RESPONSE}")) == RESPONSE
    assert observed.get_finished_spans() == ()
