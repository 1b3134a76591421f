"""httpx and its fork, with and without the observation: the same to the program, and a span of every call."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
from typing import Any, Dict, List

import httpx
import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from lensai import configure, with_attribution
from provider_bodies import COUNTED, chat, chunks, completion, openai_like, stream

MODULES = pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
PATH = "/v1/chat/completions"


def the_span(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def attributes(spans: InMemorySpanExporter) -> Dict[str, Any]:
    return dict(the_span(spans).attributes or {})


@MODULES
def test_a_call_is_a_span_with_what_was_asked_and_answered(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client, with_attribution(user="u1", team="t"):
        response = client.post(f"{server.url}{PATH}", json=chat(temperature=0.5))
    assert response.json()["id"] == "chatcmpl-1"
    span = the_span(observed)
    assert (span.name, span.kind) == ("chat gpt-4o-mini", trace.SpanKind.CLIENT)
    assert span.end_time is not None and span.events == ()
    assert attributes(observed) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        **COUNTED,
        "lensai.team": "t",
        "openai.api.type": "chat_completions",
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rsplit(":", 1)[1]),
        "user.id": "u1",
    }


@MODULES
def test_what_is_no_call_of_a_model_makes_no_span(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer() as server, module.Client() as client:
        client.get(f"{server.url}{PATH}")
        client.post(f"{server.url}/orders", json=chat())
        client.post(f"{server.url}{PATH}", json={"not": "a chat"})
    assert observed.get_finished_spans() == ()


@MODULES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("asks", [False, True], ids=["not asking", "asking"])
def test_a_stream_is_the_same_as_without_the_observation_and_its_usage_is_known(
    module: Any, is_async: bool, asks: bool, observed: InMemorySpanExporter
) -> None:
    options: Dict[str, Any] = {"stream_options": {"include_usage": True}} if asks else {}
    with HttpServer(openai_like) as server:
        got = read_stream(module, server, chat(stream=True, **options), is_async)
    # Spaces are JSON's: without the option there are none of its members, and no last chunk.
    assert [json.loads(data) for data in data_of(got)] == [json.loads(data) for data in data_of(b"".join(chunks(asks)))]
    found = attributes(observed)
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert found["gen_ai.request.stream"] is True and found["gen_ai.response.time_to_first_chunk"] > 0
    assert "lensai.usage.source" not in found
    sent = json.loads(server.received[0].body)
    assert sent["stream_options"] == {"include_usage": True}
    assert sent["messages"] == chat()["messages"]


def data_of(body: bytes) -> List[bytes]:
    return [line[6:] for line in body.splitlines() if line.startswith(b"data: {")]


def read_stream(module: Any, server: HttpServer, request: Any, is_async: bool) -> bytes:
    if not is_async:
        with module.Client() as client, client.stream("POST", f"{server.url}{PATH}", json=request) as response:
            return b"".join(response.iter_bytes())

    async def read() -> bytes:
        async with module.AsyncClient() as client:
            async with client.stream("POST", f"{server.url}{PATH}", json=request) as response:
                return b"".join([chunk async for chunk in response.aiter_bytes()])

    return asyncio.run(read())


@MODULES
def test_a_compressed_stream_is_hidden_in_as_well(module: Any, observed: InMemorySpanExporter) -> None:
    def answer(received: Received) -> Reply:
        headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
        return Reply(200, [gzip.compress(b"".join(chunks(True)))], headers)

    with HttpServer(answer) as server:
        got = read_stream(module, server, chat(stream=True), False)
    assert [json.loads(data) for data in data_of(got)] == [json.loads(data) for data in data_of(b"".join(chunks(False)))]
    assert attributes(observed)["gen_ai.usage.output_tokens"] == 20


@MODULES
def test_a_compressed_answer_is_read(module: Any, observed: InMemorySpanExporter) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    with HttpServer(lambda _: Reply(200, gzip.compress(completion()), headers)) as server, module.Client() as client:
        response = client.post(f"{server.url}{PATH}", json=chat())
    assert response.json()["id"] == "chatcmpl-1" and response.headers["content-encoding"] == "gzip"
    assert attributes(observed)["gen_ai.usage.input_tokens"] == 100


@MODULES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_server_that_refuses_the_option_gets_the_callers_own_request_and_is_not_asked_again(
    module: Any, is_async: bool, observed: InMemorySpanExporter
) -> None:
    def answer(received: Received) -> Reply:
        if b"stream_options" in received.body:
            return Reply(400, b'{"error": "unknown field stream_options"}')
        return stream(with_usage=False)

    with HttpServer(answer) as server:
        for _ in range(2):
            assert len(data_of(read_stream(module, server, chat(stream=True), is_async))) == 5
    bodies = [b"stream_options" in received.body for received in server.received]
    assert bodies == [True, False, False]
    assert len(observed.get_finished_spans()) == 2
    assert {(span.attributes or {}).get("lensai.usage.source") for span in observed.get_finished_spans()} == {"missing"}


@MODULES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_another_refusal_reaches_the_caller_as_it_came(
    module: Any, is_async: bool, observed: InMemorySpanExporter
) -> None:
    with HttpServer(lambda _: Reply(400, b'{"error": "too long"}')) as server:
        assert read_stream(module, server, chat(stream=True), is_async) == b'{"error": "too long"}'
    assert len(server.received) == 1
    found = attributes(observed)
    assert (found["error.type"], found["http.response.status_code"]) == ("400", 400)


@MODULES
def test_a_signed_request_is_sent_as_it_was_signed(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client:
        body = json.dumps(chat(stream=True)).encode()
        client.post(f"{server.url}{PATH}", content=body, headers={"signature": "s=:x:"})
    assert server.received[0].body == body


@MODULES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_stream_that_breaks_off_is_marked_and_its_error_is_the_callers(
    module: Any, is_async: bool, observed: InMemorySpanExporter
) -> None:
    cut = Reply(200, chunks(True)[:3], {"content-type": "text/event-stream"}, is_cut=True)
    with HttpServer(lambda _: cut) as server, pytest.raises(module.RemoteProtocolError):
        read_stream(module, server, chat(stream=True), is_async)
    found = attributes(observed)
    assert found["lensai.observation.problem"] == "stream_broken_off"
    assert found["lensai.usage.source"] == "missing"
    assert found["error.type"] == "RemoteProtocolError"
    assert "gen_ai.usage.output_tokens" not in found


@MODULES
def test_who_leaves_a_stream_early_leaves_a_marked_span(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client:
        with client.stream("POST", f"{server.url}{PATH}", json=chat(stream=True)) as response:
            for _ in response.iter_lines():
                break
    found = attributes(observed)
    assert found["lensai.observation.problem"] == "stream_broken_off"
    assert "error.type" not in found


@MODULES
def test_a_task_that_is_cancelled_while_it_reads_ends_its_span(module: Any, observed: InMemorySpanExporter) -> None:
    async def main(url: str) -> None:
        async with module.AsyncClient() as client:
            async with client.stream("POST", url, json=chat(stream=True)) as response:
                async for _ in response.aiter_lines():
                    await asyncio.sleep(60)

    async def cancel(url: str) -> None:
        task = asyncio.create_task(main(url))
        while not server.received:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with HttpServer(openai_like) as server:
        asyncio.run(cancel(f"{server.url}{PATH}"))
    assert attributes(observed)["lensai.observation.problem"] == "stream_broken_off"


@MODULES
def test_an_answer_that_nobody_reads_leaves_a_span_when_it_is_gone(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client:
        response = client.send(client.build_request("POST", f"{server.url}{PATH}", json=chat()), stream=True)
        assert response.status_code == 200
        del response
        gc.collect()
        assert attributes(observed)["lensai.observation.problem"] == "body_not_read"


@MODULES
def test_a_server_that_cannot_be_reached_is_a_failed_call(module: Any, observed: InMemorySpanExporter) -> None:
    with module.Client() as client, pytest.raises(module.ConnectError):
        client.post(f"http://127.0.0.1:1{PATH}", json=chat())
    assert attributes(observed)["error.type"] == "ConnectError"


@MODULES
@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"<html>", "application/json", "body_malformed"),
        (b"{", "application/json", "body_malformed"),
        (b"", "application/json", "body_malformed"),
        (completion(), "text/html", "content_type_unknown"),
        (b"[" * 100_000, "application/json", "body_malformed"),
        (b'{"choices": 7, "usage": [1], "id": {}}', "application/json", None),
        (b"\x00" * 100, "application/vnd.amazon.eventstream", "body_malformed"),
    ],
    ids=["html", "half", "empty", "text", "deep", "odd", "no frames"],
)
def test_an_answer_that_is_not_what_it_says_changes_nothing_and_is_marked(
    module: Any, body: bytes, content_type: str, problem: Any, observed: InMemorySpanExporter
) -> None:
    reply = Reply(200, body, {"content-type": content_type})
    with HttpServer(lambda _: reply) as server, module.Client() as client:
        assert client.post(f"{server.url}{PATH}", json=chat()).content == body
    found = attributes(observed)
    assert found.get("lensai.observation.problem") == problem
    assert found["lensai.usage.source"] == "missing"


@MODULES
def test_repeats_of_a_request_are_spans_of_their_own(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client:
        for count in ("0", "1", "x"):
            client.post(f"{server.url}{PATH}", json=chat(), headers={"x-stainless-retry-count": count})
    counts = [(span.attributes or {}).get("http.request.resend_count") for span in observed.get_finished_spans()]
    assert counts == [None, 1, None]


@MODULES
def test_observed_twice_a_call_is_one_span(module: Any, observed: InMemorySpanExporter) -> None:
    second = configure()
    with HttpServer(openai_like) as server, module.Client() as client:
        client.post(f"{server.url}{PATH}", json=chat())
    second.shutdown()
    assert len(observed.get_finished_spans()) == 1


@MODULES
def test_after_the_end_nothing_is_observed_and_everything_is_as_it_was(
    module: Any, spans: InMemorySpanExporter
) -> None:
    before = module.HTTPTransport.handle_request
    configure().shutdown()
    assert module.HTTPTransport.handle_request is before
    with HttpServer(openai_like) as server, module.Client() as client:
        client.post(f"{server.url}{PATH}", json=chat())
    assert spans.get_finished_spans() == ()


@MODULES
def test_no_words_of_a_call_are_on_its_span(module: Any, observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server, module.Client() as client:
        client.post(f"{server.url}{PATH}?key=secret", json=chat(user="secret"), headers={"authorization": "secret"})
    span = the_span(observed)
    assert "secret" not in span.to_json() and "sunny" not in span.to_json()


@MODULES
@pytest.mark.parametrize("part", ["calls.attempt.recognise_call", "spans.call_span.create_response_reader"])
def test_whatever_breaks_inside_the_call_goes_on(
    module: Any, part: str, observed: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(f"lensai.{part}", broken)
    with HttpServer(openai_like) as server, module.Client() as client:
        assert client.post(f"{server.url}{PATH}", json=chat()).json()["id"] == "chatcmpl-1"
