"""Calls under a budget that several processes share: leases from a ledger, through forks, threads and tasks."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set

import httpx
import pytest
import trio
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from control_server import KEY, ControlServer
from guarded import own
from http_server import HttpServer
from lensai import BudgetExceededError, configure
from lensai.guard import budget_account
from policies import budget, policy
from provider_bodies import chat, openai_like
from waiting import until

PATH = "/v1/chat/completions"
# 100 and 20 tokens of gpt-4o-mini.
COST_NANO = 100 * 150 + 20 * 600
FREE_NANO = 10**9

Follow = Callable[..., InMemorySpanExporter]


@pytest.fixture
def following(spans: InMemorySpanExporter) -> Iterator[Follow]:
    """Observes under the policy of a collector."""
    running: List[Any] = []

    def follow(server: ControlServer) -> InMemorySpanExporter:
        running.append(configure(policy_url=server.url, headers={"x-api-key": KEY}))
        return spans

    yield follow
    for instrumented in running:
        instrumented.shutdown()


def shared(**more: Any) -> Any:
    return policy(budget(limitNanoUsd=str(FREE_NANO), **more))


def instances(requests: List[Any]) -> Set[str]:
    return {request["instanceId"] for request in requests}


def test_a_call_is_made_with_a_lease_and_what_is_left_goes_back(spans: InMemorySpanExporter) -> None:
    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        instrumented = configure(policy_url=server.url, headers={"x-api-key": KEY})
        for _ in range(20):
            httpx.post(f"{model.url}{PATH}", json=chat(max_tokens=20))
        # All from what was lent at the start.
        assert len(server.lease_requests) == 1
        instrumented.shutdown()
        assert server.free_nano == FREE_NANO - 20 * COST_NANO
    (last,) = server.lease_requests[-1]["leases"]
    assert (last["isFinal"], last["spentNanoUsd"]) == (True, str(20 * COST_NANO))
    (lease,) = {each["lensai.budget.lease_id"] for each in own(spans)}
    assert lease == last["leaseId"]
    assert {each["lensai.budget.charged_nano_usd"] for each in own(spans)} == {COST_NANO}


def in_thread(url: str, **more: Any) -> int:
    return httpx.post(f"{url}{PATH}", json=chat(**more)).status_code


async def post(url: str, **more: Any) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{url}{PATH}", json=chat(**more))).status_code


def in_asyncio(url: str, **more: Any) -> int:
    return asyncio.run(post(url, **more))


def in_trio(url: str, **more: Any) -> int:
    found: int = trio.run(lambda: post(url, **more))
    return found


@pytest.mark.parametrize("send", [in_thread, in_asyncio, in_trio])
def test_a_call_that_is_too_large_for_the_lease_waits_for_a_larger_one(
    send: Callable[..., int], following: Follow
) -> None:
    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        server.retry_ms = 5_000
        following(server)
        # 60,000 tokens are $0.036, and $0.02 is lent at first.
        assert send(model.url, max_tokens=60_000) == 200
        with pytest.raises(BudgetExceededError) as error:
            send(model.url, max_tokens=10_000_000)
    assert error.value.limit_nano_usd == FREE_NANO
    assert len(model.received) == 1


def test_a_loop_goes_on_while_one_of_its_tasks_waits(following: Follow) -> None:
    async def main(url: str) -> int:
        ticks = 0
        waiting = asyncio.create_task(post(url, max_tokens=60_000))
        while not waiting.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return ticks if waiting.result() == 200 else 0

    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        following(server)
        httpx.post(f"{model.url}{PATH}", json=chat(max_tokens=1))
        assert asyncio.run(main(model.url)) > 1


def test_a_task_that_is_cancelled_while_it_waits_holds_nothing(following: Follow) -> None:
    async def main(url: str) -> None:
        waiting = asyncio.create_task(post(url, max_tokens=60_000))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        following(server)
        asyncio.run(main(model.url))
        until(lambda: server.acknowledged)
        assert {lease["reservedNanoUsd"] for request in server.lease_requests for lease in request["leases"]} == {"0"}


def test_a_ledger_that_is_gone_leaves_the_decision_to_the_fail_mode(
    following: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long a restart is waited for, in short.
    monkeypatch.setattr(budget_account, "_SILENT_MAX_SECONDS", 0.5)
    for mode, is_sent in (("open", True), ("closed", False), ("spend_lease_then_closed", False)):
        with ControlServer(shared(failMode=mode)) as server, HttpServer(openai_like) as model:
            server.is_ledger_gone = True
            following(server)
            try:
                in_thread(model.url)
            except BudgetExceededError:
                pass
            assert (len(model.received) == 1) is is_sent


def test_threads_and_processes_together_do_not_spend_more_than_there_is(tmp_path: Path) -> None:
    room = 40 * COST_NANO
    with ControlServer(policy(budget(limitNanoUsd=str(room))), free_nano=room) as server, HttpServer(openai_like) as model:
        # As of a ledger that has nothing left: no call waits for what does not come back.
        server.retry_ms = 5_000
        programs = [program(THREADS, server, model) for _ in range(3)]
        refused = [int(result_of(each)) for each in programs]
        assert server.free_nano >= 0
    assert len(model.received) + sum(refused) == 3 * 4 * 6
    assert 0 < len(model.received) <= 40
    assert len(instances(server.lease_requests)) == 3


THREADS = """
import threading, httpx, lensai
instrumented = lensai.configure(policy_url=CONTROL, headers={"x-api-key": KEY})
refused = []
def work():
    for _ in range(6):
        try:
            httpx.post(MODEL, json=BODY)
        except lensai.BudgetExceededError:
            refused.append(1)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(refused))
"""


def program(text: str, server: ControlServer, model: HttpServer) -> "subprocess.Popen[str]":
    """What it says is its result; it must say nothing of failures."""
    names: Dict[str, Any] = {"CONTROL": server.url, "KEY": KEY, "MODEL": f"{model.url}{PATH}", "BODY": chat(max_tokens=20)}
    lines = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    command = [sys.executable, "-W", "error", "-c", f"{lines}\n{text}"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(child: "subprocess.Popen[str]") -> str:
    said, problems = child.communicate(timeout=60)
    assert (child.returncode, problems) == (0, "")
    return said


FORK = """
import os, httpx, lensai
instrumented = lensai.configure(policy_url=CONTROL, headers={"x-api-key": KEY})
httpx.post(MODEL, json=BODY)
child = os.fork()
httpx.post(MODEL, json=BODY)
if child == 0:
    httpx.post(MODEL, json=BODY)
    instrumented.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""

POOL = """
import multiprocessing, httpx, lensai
instrumented = lensai.configure(policy_url=CONTROL, headers={"x-api-key": KEY})
httpx.post(MODEL, json=BODY)
def work():
    httpx.post(MODEL, json=BODY)
context = multiprocessing.get_context("fork")
children = [context.Process(target=work) for _ in range(2)]
[child.start() for child in children]
[child.join() for child in children]
httpx.post(MODEL, json=BODY)
"""


@pytest.mark.parametrize(("text", "processes"), [(FORK, 2), (POOL, 3)], ids=["os.fork", "multiprocessing"])
def test_a_process_that_is_forked_off_has_leases_of_its_own_and_gives_them_back(text: str, processes: int) -> None:
    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        result_of(program(text.replace("import ", "import warnings; warnings.simplefilter('ignore'); import ", 1), server, model))
        assert server.free_nano == FREE_NANO - 4 * COST_NANO
        assert server.granted == {}
    assert len(model.received) == 4
    assert len(instances(server.lease_requests)) == processes
    # Each has told who it is; those that were gone before they could acknowledge are missed.
    assert len({asked.headers["lensai-instance-id"] for asked in server.asked}) == processes


# Not with httpx: each of its clients begins with OpenSSL, which has locks that a fork leaves behind.
BUSY = """
import os, threading, warnings
warnings.simplefilter("ignore")
import requests, lensai
instrumented = lensai.configure(policy_url=CONTROL, headers={"x-api-key": KEY})
# What is imported at the first call is imported under locks of Python's.
requests.post(MODEL, json=BODY)
goes_on = True
def work():
    with requests.Session() as session:
        while goes_on:
            session.post(MODEL, json=BODY)
threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
[thread.start() for thread in threads]
children = []
for _ in range(10):
    child = os.fork()
    if child == 0:
        requests.post(MODEL, json=BODY)
        os._exit(0)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
goes_on = False
[thread.join() for thread in threads]
"""


def test_a_fork_in_the_middle_of_calls_leaves_no_lock_behind() -> None:
    with ControlServer(shared()) as server, HttpServer(openai_like) as model:
        assert result_of(program(BUSY, server, model)).strip() == str([0] * 10)
