from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable, List

import aiohttp
import pytest
from google import genai
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from guarded import own
from http_server import HttpServer, Received, Reply
from lensai import BudgetExceededError, KillSwitchError, configure
from policies import SWITCH, budget, policy
from provider_bodies import COUNTED, chat, chunks, openai_like, stream
from test_metering import Endless, Under

PATH = "/v1/chat/completions"


def run(url: str, use: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession() as session:
            return await use(session, f"{url}{PATH}")

    return asyncio.run(main())


async def whole(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.post(url, json=chat()) as response:
        return await response.json()


def test_a_call_is_a_span_with_the_providers_counts(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:
        assert run(server.url, whole)["id"] == "chatcmpl-1"
    (found,) = own(observed)
    assert {name: found[name] for name in COUNTED} == COUNTED
    assert found["gen_ai.request.model"] == "gpt-4o-mini"


READS: List[Callable[[Any], Awaitable[bytes]]] = []


def reader(read: Callable[[Any], Awaitable[bytes]]) -> Callable[[Any], Awaitable[bytes]]:
    READS.append(read)
    return read


@reader
async def by_line(content: Any) -> bytes:
    return b"".join([line async for line in content])


@reader
async def by_any(content: Any) -> bytes:
    return b"".join([data async for data in content.iter_any()])


@reader
async def by_size(content: Any) -> bytes:
    return b"".join([data async for data in content.iter_chunked(7)])


@reader
async def by_chunk(content: Any) -> bytes:
    return b"".join([data async for data, _ in content.iter_chunks()])


@reader
async def at_once(content: Any) -> bytes:
    data: bytes = await content.read()
    return data


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__)
def test_a_stream_is_the_same_however_it_is_read(read: Callable[[Any], Awaitable[bytes]], observed: InMemorySpanExporter) -> None:
    expected = stream().body

    async def use(session: aiohttp.ClientSession, url: str) -> bytes:
        body = chat(stream=True, stream_options={"include_usage": True})
        async with session.post(url, data=json.dumps(body)) as response:
            return await read(response.content)

    with HttpServer(openai_like) as server:
        found = run(server.url, use)
    assert found == b"".join(expected)  # type: ignore[arg-type]
    (span,) = own(observed)
    assert {name: span[name] for name in COUNTED} == COUNTED
    assert "lensai.observation.problem" not in span


@reader
async def by_chunk_of_the_wire(content: Any) -> bytes:
    parts = []
    while not content.at_eof():
        parts.append(await content.readany())
    return b"".join(parts)


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__)
def test_a_stream_of_a_known_provider_is_asked_for_its_usage_and_the_program_does_not_see_it(
    read: Callable[[Any], Awaitable[bytes]], observed: InMemorySpanExporter
) -> None:
    # A proxy is asked with the provider's address.
    with HttpServer(openai_like) as server:

        async def use(session: aiohttp.ClientSession, _: str) -> bytes:
            address = f"http://api.openai.com{PATH}"
            async with session.post(address, json=chat(stream=True), proxy=server.url) as response:
                return await read(response.content)

        found = run(server.url, use)
    assert found == b"".join(chunks(False))
    (received,) = server.received
    assert json.loads(received.body)["stream_options"] == {"include_usage": True}
    assert received.headers["accept-encoding"] == "identity"
    (span,) = own(observed)
    assert {name: span[name] for name in COUNTED} == COUNTED
    assert "lensai.observation.problem" not in span


def test_its_lines_are_lines(observed: InMemorySpanExporter) -> None:
    with HttpServer(openai_like) as server:

        async def use(session: aiohttp.ClientSession, _: str) -> List[bytes]:
            address = f"http://api.openai.com{PATH}"
            async with session.post(address, json=chat(stream=True), proxy=server.url) as response:
                return [line async for line in response.content]

        assert run(server.url, use) == b"".join(chunks(False)).splitlines(keepends=True)


def test_an_answer_that_is_closed_or_breaks_off_is_marked(observed: InMemorySpanExporter) -> None:
    async def closed(session: aiohttp.ClientSession, url: str) -> None:
        response = await session.post(url, json=chat(stream=True))
        await response.content.readline()
        response.close()

    async def broken(session: aiohttp.ClientSession, url: str) -> None:
        async with session.post(url, json=chat(stream=True)) as response:
            await response.read()

    with HttpServer(openai_like) as server:
        run(server.url, closed)
    with HttpServer(lambda _: stream(is_cut=True)) as server, pytest.raises(aiohttp.ClientPayloadError):
        run(server.url, broken)
    first, second = own(observed)
    assert first["lensai.observation.problem"] == "stream_broken_off"
    assert second["error.type"] == "ClientPayloadError"


def test_a_call_that_fails_is_one(observed: InMemorySpanExporter) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        run("http://127.0.0.1:1", whole)
    async def status(session: aiohttp.ClientSession, url: str) -> int:
        async with session.post(url, json=chat()) as response:
            return response.status

    with HttpServer(lambda _: Reply(500)) as server:
        assert run(server.url, status) == 500
    assert [each["error.type"] for each in own(observed)] == ["ClientConnectorError", "500"]


def test_other_requests_are_none_of_ours(observed: InMemorySpanExporter) -> None:
    async def get(session: aiohttp.ClientSession, url: str) -> int:
        async with session.get(url) as response:
            return response.status

    with HttpServer() as server:
        assert run(server.url, get) == 200
    assert own(observed) == []


def test_google_is_not_called_and_not_tried_again(stopped: Under) -> None:
    spans = stopped(policy(kill_switches=[SWITCH]))

    async def call(url: str) -> None:
        options: Any = {"base_url": url, "retry_options": {"attempts": 3}}
        client = genai.Client(api_key="none", http_options=options)
        await client.aio.models.generate_content(model="gemini-2.5-flash", contents="secret words")

    with HttpServer() as server, pytest.raises(KillSwitchError):
        asyncio.run(call(server.url))
    assert server.received == []
    assert [each["lensai.budget.decision"] for each in own(spans)] == ["killed"]


def test_googles_streams_are_observed(observed: InMemorySpanExporter) -> None:
    answer = {
        "candidates": [{"content": {"parts": [{"text": "ok"}], "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120},
    }

    def reply(_: Received) -> Reply:
        return Reply(200, [f"data: {json.dumps(answer)}\r\n\r\n".encode()], {"content-type": "text/event-stream"})

    async def call(url: str) -> List[Any]:
        client = genai.Client(api_key="none", http_options={"base_url": url})
        found = await client.aio.models.generate_content_stream(model="gemini-2.5-flash", contents="secret words")
        return [part.text async for part in found]

    with HttpServer(reply) as server:
        assert asyncio.run(call(server.url)) == ["ok"]
    (span,) = own(observed)
    assert {name: span[name] for name in COUNTED} == COUNTED


def test_a_stream_is_cut_off_and_a_call_made_smaller(stopped: Under) -> None:
    spans = stopped(policy(budget(limitNanoUsd="2000000", clamp=True)))

    async def read(session: aiohttp.ClientSession, url: str) -> None:
        async with session.post(url, json=chat(stream=True)) as response:
            async for _ in response.content:
                pass

    with HttpServer(openai_like) as server:
        run(server.url, whole)
    assert json.loads(server.received[0].body)["max_completion_tokens"] < 3_334
    with HttpServer(Endless()) as server, pytest.raises(BudgetExceededError) as error:
        run(server.url, read)
    assert error.value.is_cut_off
    assert [each["lensai.budget.decision"] for each in own(spans)] == ["clamped", "cut_off"]


def test_undone_is_undone() -> None:
    send = aiohttp.ClientSession._request
    configure().shutdown()
    assert aiohttp.ClientSession._request is send
