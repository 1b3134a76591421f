"""The real collector, console and ledger: several processes spend one budget."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from http_server import HttpServer, Received, Reply
from provider_bodies import chat, completion
from test_collector import REPOSITORY, node
from waiting import until

LIMIT_NANO = 2_000_000
# 10 and 20 tokens of gpt-4o-mini: what the request may cost at most is more.
COST_NANO = 10 * 150 + 20 * 600


class Ledger:
    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child
        self.collector_url: str = self._line("collectorUrl")["collectorUrl"]

    def sums(self) -> List[int]:
        """What is settled, and what is held beyond that; nano-USD."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        found = self._line("settledNanoUsd")
        return [int(found["settledNanoUsd"]), int(found["heldNanoUsd"])]

    def _line(self, name: str) -> Dict[str, Any]:
        """A build may have something to say as well."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if line.startswith("{") and name in line:
                found: Dict[str, Any] = json.loads(line)
                return found
        raise AssertionError("the installation has ended")


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    program = Path(REPOSITORY) / "deploy" / "python" / "ledger-stack.ts"
    with subprocess.Popen(
        [*node(), "--no-warnings", str(program), str(LIMIT_NANO)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as child:
        yield Ledger(child)
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(60) == 0


SPEND = """
import threading, httpx, lensai
instrumented = lensai.configure(endpoint=COLLECTOR, service_name="python")
sent, refused = [], []
def work():
    for _ in range(20):
        try:
            httpx.post(MODEL, json=BODY)
            sent.append(1)
        except lensai.BudgetExceededError:
            refused.append(1)
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
instrumented.shutdown()
print(len(sent), len(refused))
"""


def counted(_: Received) -> Reply:
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    body = {**json.loads(completion()), "usage": usage}
    return Reply(200, json.dumps(body).encode(), {"content-type": "application/json"})


def test_processes_together_spend_the_budget_and_not_more_and_the_ledger_knows_it_all(ledger: Ledger) -> None:
    with HttpServer(counted) as model:
        children = [spending(ledger.collector_url, f"{model.url}/v1/chat/completions") for _ in range(3)]
        sent, refused = (sum(counts) for counts in zip(*(result_of(child) for child in children)))
    assert sent == len(model.received) and sent + refused == 3 * 4 * 20
    spent_nano = sent * COST_NANO
    assert 0.9 * LIMIT_NANO < spent_nano <= LIMIT_NANO
    # By the spans that have landed, and with every lease given back.
    until(lambda: ledger.sums() == [spent_nano, 0], 60)


def spending(collector_url: str, model_url: str) -> "subprocess.Popen[str]":
    names = {"COLLECTOR": collector_url, "MODEL": model_url, "BODY": chat(max_tokens=20)}
    lines = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    environment = {**os.environ, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=python"}
    command = [sys.executable, "-c", f"{lines}\n{SPEND}"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(child: "subprocess.Popen[str]") -> List[int]:
    said, problems = child.communicate(timeout=120)
    assert (child.returncode, problems) == (0, "")
    return [int(count) for count in said.split()]
