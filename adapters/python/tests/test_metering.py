"""Streams that are held to what is left, and calls that are made smaller for it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable, Dict, Iterator, List

import httpx
import openai
import pytest
import requests
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from guarded import own
from http_server import HttpServer, Received, Reply
from lensai import BudgetExceededError
from policies import budget, policy
from provider_bodies import chat, openai_like

PATH = "/v1/chat/completions"
WORDS = "Once upon a time there was a model that could not stop. " * 20
EVENT = {"id": "c", "model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": WORDS}}]}

Under = Callable[[Any], InMemorySpanExporter]


class Endless:
    """A provider that writes on until nobody reads any more."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, received: Received) -> Reply:
        return Reply(200, self._events(), {"content-type": "text/event-stream"})

    def _events(self) -> Iterator[bytes]:
        while self.sent < 50_000:
            self.sent += 1
            yield f"data: {json.dumps(EVENT)}\n\n".encode()


def httpx_read(url: str) -> Iterator[Any]:
    with httpx.stream("POST", f"{url}{PATH}", json=chat(stream=True)) as response:
        yield from response.iter_bytes()


def httpx_async_read(url: str) -> Iterator[Any]:
    async def read() -> List[bytes]:
        async with httpx.AsyncClient() as client, client.stream("POST", f"{url}{PATH}", json=chat(stream=True)) as response:
            return [chunk async for chunk in response.aiter_bytes()]

    yield from asyncio.run(read())


def openai_read(url: str) -> Iterator[Any]:
    client = openai.OpenAI(api_key="none", base_url=f"{url}/v1")
    yield from client.chat.completions.create(**chat(stream=True))


def requests_read(url: str) -> Iterator[Any]:
    response = requests.post(f"{url}{PATH}", json=chat(stream=True), stream=True, timeout=9)
    yield from response.iter_lines()


@pytest.mark.parametrize("read", [httpx_read, httpx_async_read, openai_read, requests_read])
def test_a_stream_ends_with_the_error_when_nothing_is_left(read: Callable[[str], Iterator[Any]], stopped: Under) -> None:
    # Room for some 8,000 tokens of output at $0.60 per million.
    spans = stopped(policy(budget(limitNanoUsd="5000000", scope={"provider": "openai"})))
    provider = Endless()
    with HttpServer(provider) as server, pytest.raises(BudgetExceededError) as error:
        for _ in read(server.url):
            pass
    assert error.value.is_cut_off and "more of the answer may cost" in str(error.value)
    # What waits in the buffers of the connection is all that the provider can have written more.
    assert 5 < provider.sent < 20_000
    (found,) = own(spans)
    assert (found["lensai.budget.decision"], found["lensai.budget.cutoff"]) == ("cut_off", True)
    assert found["error.type"] == "control.budget_exceeded"
    assert found["lensai.usage.source"] == "missing" and found["lensai.observation.problem"] == "stream_broken_off"
    # What it may have written beyond that, until it noticed, was held as well: as much again within the first second.
    assert 1_000_000 < found["lensai.budget.charged_nano_usd"] <= 5_000_000
    assert "lensai.budget.shortfall_nano_usd" not in found


def test_a_stream_reserves_as_it_goes_and_leaves_the_rest_to_others(stopped: Under) -> None:
    # The longest answer of the model would be 16,384 tokens, $0.0098.
    spans = stopped(policy(budget(limitNanoUsd="3000000")))
    with HttpServer(openai_like) as server:
        for _ in range(3):
            httpx.post(f"{server.url}{PATH}", json=chat(stream=True))
    assert [each["lensai.budget.charged_nano_usd"] for each in own(spans)] == [27_000] * 3
    # Without a stream, the whole of it may come at once.
    with HttpServer(openai_like) as server, pytest.raises(BudgetExceededError):
        httpx.post(f"{server.url}{PATH}", json=chat())


def test_urllib3_that_reads_an_answer_at_once_cannot_be_cut_off_and_reserves_all(stopped: Under) -> None:
    import urllib3

    stopped(policy(budget(limitNanoUsd="3000000")))
    body = json.dumps(chat(stream=True)).encode()
    with HttpServer(openai_like) as server, pytest.raises(BudgetExceededError):
        urllib3.PoolManager().request("POST", f"{server.url}{PATH}", body=body)
    assert server.received == []


def httpx_send(url: str, **more: Any) -> None:
    httpx.post(f"{url}{PATH}", json=chat(**more))


def httpx_async_send(url: str, **more: Any) -> None:
    async def post() -> None:
        async with httpx.AsyncClient() as client:
            await client.post(f"{url}{PATH}", json=chat(**more))

    asyncio.run(post())


def requests_send(url: str, **more: Any) -> None:
    requests.post(f"{url}{PATH}", json=chat(**more), timeout=9)


@pytest.mark.parametrize("send", [httpx_send, httpx_async_send, requests_send])
def test_a_call_is_made_smaller_where_the_budget_says_so(send: Callable[..., None], stopped: Under) -> None:
    spans = stopped(policy(budget(limitNanoUsd="1000000", clamp=True)))
    with HttpServer(openai_like) as server:
        send(server.url)
        # What is left of the first one, which cost less than it held.
        send(server.url, max_tokens=5_000)
    first, second = [json.loads(received.body) for received in server.received]
    assert 1_500 < first["max_completion_tokens"] < 1_667
    # Under the name that the caller has taken.
    assert 1_400 < second["max_tokens"] < first["max_completion_tokens"] and "max_completion_tokens" not in second
    assert first["messages"] == chat()["messages"]
    lengths = [int(received.headers["content-length"]) for received in server.received]
    assert lengths == [len(received.body) for received in server.received]
    assert [each["lensai.budget.clamped"] for each in own(spans)] == [True, True]


def test_a_smaller_stream_is_asked_for_its_usage_as_well(stopped: Under) -> None:
    stopped(policy(budget(limitNanoUsd="1000000", clamp=True)))
    with HttpServer(openai_like) as server:
        # Though a stream reserves less than its longest answer, that is too much.
        httpx.post(f"{server.url}{PATH}", json=chat(stream=True))
    (received,) = server.received
    sent: Dict[str, Any] = json.loads(received.body)
    assert sent["stream_options"] == {"include_usage": True} and sent["max_completion_tokens"] < 1_667


def test_a_signed_request_is_not_changed(stopped: Under) -> None:
    stopped(policy(budget(limitNanoUsd="1000000", clamp=True)))
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=none"}
    with HttpServer(openai_like) as server, pytest.raises(BudgetExceededError):
        httpx.post(f"{server.url}{PATH}", json=chat(), headers=headers)
    assert server.received == []
