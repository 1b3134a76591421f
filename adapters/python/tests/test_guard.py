"""Budgets and kill-switches: what of a decision reaches the application through the SDKs."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any, Callable, List

import anthropic
import boto3
import httpx
import mistralai.client
import openai
import pytest
import requests
from botocore.config import Config
from google import genai
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from guarded import own
from lensai import BudgetExceededError, KillSwitchError, with_attribution
from policies import SWITCH, budget, policy
from provider_bodies import chat, openai_like

PATH = "/v1/chat/completions"
# 100 and 20 tokens of gpt-4o-mini, and what its longest answer of 10 may cost beside the words.
COST_NANO = 100 * 150 + 20 * 600


MESSAGES: Any = [{"role": "user", "content": "secret words"}]
RETRIES = 3


def openai_call(url: str, is_stream: bool) -> Any:
    client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=RETRIES)
    return client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=is_stream)


def openai_async_call(url: str, is_stream: bool) -> Any:
    async def call() -> Any:
        client = openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=RETRIES)
        return await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=is_stream)

    return asyncio.run(call())


def anthropic_call(url: str, is_stream: bool) -> Any:
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=RETRIES)
    return client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=MESSAGES, stream=is_stream)


def anthropic_async_call(url: str, is_stream: bool) -> Any:
    async def call() -> Any:
        client = anthropic.AsyncAnthropic(api_key="none", base_url=url, max_retries=RETRIES)
        return await client.messages.create(
            model="claude-haiku-4-5", max_tokens=9, messages=MESSAGES, stream=is_stream
        )

    return asyncio.run(call())


def google_call(url: str, is_stream: bool) -> Any:
    options: Any = {"base_url": url, "retry_options": {"attempts": RETRIES}}
    client = genai.Client(api_key="none", http_options=options)
    if not is_stream:
        return client.models.generate_content(model="gemini-2.5-flash", contents="secret words")
    return list(client.models.generate_content_stream(model="gemini-2.5-flash", contents="secret words"))


def mistral_call(url: str, is_stream: bool) -> Any:
    client = mistralai.client.Mistral(api_key="none", server_url=url)
    make = client.chat.stream if is_stream else client.chat.complete
    return make(model="gpt-4o-mini", messages=MESSAGES)


def httpx_call(url: str, is_stream: bool) -> Any:
    return httpx.post(f"{url}{PATH}", json=chat(stream=is_stream))


def requests_call(url: str, is_stream: bool) -> Any:
    return requests.post(f"{url}{PATH}", json=chat(stream=is_stream), timeout=9)


CALLS = pytest.mark.parametrize(
    "call",
    [
        openai_call,
        openai_async_call,
        anthropic_call,
        anthropic_async_call,
        google_call,
        mistral_call,
        httpx_call,
        requests_call,
    ],
)


@CALLS
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
def test_a_stopped_call_is_an_error_of_the_caller_is_not_tried_again_and_reaches_nobody(
    call: Callable[[str, bool], Any], is_stream: bool, stopped: Callable[[Any], InMemorySpanExporter]
) -> None:
    spans = stopped(policy(kill_switches=[SWITCH]))
    with HttpServer() as server, pytest.raises(KillSwitchError) as error:
        call(server.url, is_stream)
    assert server.received == []
    assert "runaway agent" in str(error.value) and error.value.kill_switch_id == "k1"
    (found,) = own(spans)
    assert (found["lensai.budget.decision"], found["error.type"]) == ("killed", "control.kill_switch")


@CALLS
def test_a_budget_without_room_stops_a_call_the_same_way(
    call: Callable[[str, bool], Any], stopped: Callable[[Any], InMemorySpanExporter]
) -> None:
    spans = stopped(policy(budget(limitNanoUsd="7", resetsAt="2100-01-01T00:00:00.000Z")))
    with HttpServer() as server, pytest.raises(BudgetExceededError) as error:
        call(server.url, False)
    assert server.received == []
    stop = error.value
    assert (stop.budget_id, stop.limit_nano_usd, stop.remaining_nano_usd) == ("b1", 7, 7)
    assert (stop.cause, stop.held_nano_usd) == ("spent", 0)
    assert stop.estimate_nano_usd is not None and stop.estimate_nano_usd > 7
    assert stop.resets_at == "2100-01-01T00:00:00.000Z"
    (found,) = own(spans)
    assert (found["lensai.budget.decision"], found["error.type"]) == ("refused", "control.budget_exceeded")
    assert found["lensai.budget.refusal_cause"] == "spent"


def test_the_error_is_one_of_the_sdks_own_as_well(stopped: Callable[[Any], InMemorySpanExporter]) -> None:
    stopped(policy(kill_switches=[SWITCH]))
    with pytest.raises(openai.OpenAIError):
        openai_call("http://127.0.0.1:1", False)
    with pytest.raises(anthropic.AnthropicError):
        anthropic_call("http://127.0.0.1:1", False)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_sdk_that_tries_again_after_every_error_of_a_transport_gets_an_answer_that_raises(
    is_async: bool, stopped: Callable[[Any], InMemorySpanExporter]
) -> None:
    stopped(policy(kill_switches=[SWITCH]))
    url, headers = f"http://127.0.0.1:1{PATH}", {"x-stainless-lang": "python"}

    async def post() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(url, json=chat(), headers=headers)

    response = asyncio.run(post()) if is_async else httpx.post(url, json=chat(), headers=headers)
    assert (response.status_code, response.headers["x-should-retry"]) == (403, "false")
    assert response.json()["error"]["code"] == "control.kill_switch"
    for asks in (response.raise_for_status, lambda: response.is_success, lambda: response.is_error):
        with pytest.raises(KillSwitchError):
            asks()


def test_bedrock_is_not_called_and_not_tried_again(stopped: Callable[[Any], InMemorySpanExporter]) -> None:
    stopped(policy(kill_switches=[SWITCH]))
    with HttpServer() as server:
        client: Any = boto3.client(
            "bedrock-runtime",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            config=Config(retries={"total_max_attempts": 4}),
        )
        with pytest.raises(KillSwitchError):
            client.converse(modelId="amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": "x"}]}])
    assert server.received == []


def test_calls_are_charged_what_they_cost_until_the_budget_is_used_up(
    stopped: Callable[[Any], InMemorySpanExporter],
) -> None:
    # Room for two calls as they are estimated, and for three as they are charged.
    spans = stopped(policy(budget(limitNanoUsd=str(3 * COST_NANO), mode="enforce")))
    decisions = []
    with HttpServer(openai_like) as server:
        for _ in range(4):
            try:
                httpx.post(f"{server.url}{PATH}", json=chat(max_tokens=10))
                decisions.append("sent")
            except BudgetExceededError as error:
                decisions.append(error.remaining_nano_usd)
    assert decisions == ["sent", "sent", "sent", 0]
    assert len(server.received) == 3
    found = [attributes["lensai.budget.decision"] for attributes in own(spans)]
    assert found == ["allowed", "allowed", "allowed", "refused"]


def test_an_answer_from_the_cache_of_a_gateway_costs_nothing(
    stopped: Callable[[Any], InMemorySpanExporter],
) -> None:
    spans = stopped(policy(budget(limitNanoUsd=str(2 * COST_NANO), mode="enforce")))

    def from_cache(received: Received) -> Reply:
        reply = openai_like(received)
        return replace(reply, headers={**reply.headers, "x-portkey-cache-status": "HIT"})

    with HttpServer(from_cache) as server:
        for _ in range(4):
            httpx.post(f"{server.url}{PATH}", json=chat(max_tokens=10))
    assert len(server.received) == 4
    assert [attributes["lensai.answer.from_cache"] for attributes in own(spans)] == [True] * 4


@pytest.mark.parametrize(("reply", "costs"), [(Reply(500), False), (Reply(200, b"<html>"), True)], ids=["500", "html"])
def test_a_refusal_costs_nothing_and_an_answer_that_cannot_be_read_costs_the_estimate(
    reply: Reply, costs: bool, stopped: Callable[[Any], InMemorySpanExporter]
) -> None:
    stopped(policy(budget(limitNanoUsd="60000")))
    sent = 0
    with HttpServer(lambda _: reply) as server:
        for _ in range(9):
            try:
                httpx.post(f"{server.url}{PATH}", json=chat(max_tokens=10))
            except BudgetExceededError:
                break
            sent += 1
    assert (sent < 9) is costs and len(server.received) == sent


def test_budgets_are_of_whom_the_call_is_attributed_to(stopped: Callable[[Any], InMemorySpanExporter]) -> None:
    stopped(policy(budget(limitNanoUsd="1", scope={"team": "a", "provider": "openai"}, each="user")))
    with HttpServer(openai_like) as server:
        with with_attribution(team="b", user="u"):
            httpx.post(f"{server.url}{PATH}", json=chat())
        with with_attribution(team="a", user="u"), pytest.raises(BudgetExceededError):
            httpx.post(f"{server.url}{PATH}", json=chat())
    assert len(server.received) == 1


def test_threads_together_do_not_spend_more_than_there_is(stopped: Callable[[Any], InMemorySpanExporter]) -> None:
    stopped(policy(budget(limitNanoUsd=str(10 * COST_NANO))))
    stops: List[BudgetExceededError] = []

    def work() -> None:
        with httpx.Client() as client:
            for _ in range(5):
                try:
                    client.post(f"{server.url}{PATH}", json=chat(max_tokens=40))
                except BudgetExceededError as error:
                    stops.append(error)

    with HttpServer(openai_like) as server:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 0 < len(server.received) <= 10 and len(server.received) + len(stops) == 40


def test_whatever_breaks_inside_the_guard_stops_no_call(
    stopped: Callable[[Any], InMemorySpanExporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken inside")

    spans = stopped(policy(budget(limitNanoUsd="1")))
    monkeypatch.setattr("lensai.guard.guard.admit", broken)
    with HttpServer(openai_like) as server:
        assert httpx.post(f"{server.url}{PATH}", json=chat()).status_code == 200
    assert len(spans.get_finished_spans()) == 1
