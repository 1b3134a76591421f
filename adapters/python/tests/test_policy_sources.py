"""Where policies come from: a file, or a collector that pushes them or is asked for them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import httpx
import pytest
import requests
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from control_server import KEY, ControlServer
from http_server import HttpServer
from lensai import KillSwitchError, PolicyStaleError, configure
from lensai.guard.acknowledger import Acknowledger, ProcessIdentity
from lensai.guard.control_client import ControlClient
from lensai.guard.control_source import ControlSource
from lensai.guard.guard import Guard, GuardedRequest
from lensai.guard.policy import ControlPolicy, PolicyError, parse_policy
from lensai.guard.policy_file import PolicyFile
from lensai.wire.call import recognise_call
from policies import SWITCH, budget, policy
from provider_bodies import chat, openai_like
from waiting import until

PATH = "/v1/chat/completions"
IDENTITY = ProcessIdentity("instance-1", "Läden & Co")


class Followed:
    """What a source says."""

    def __init__(self, server: ControlServer, **more: Any) -> None:
        self.policies: List[ControlPolicy] = []
        self.problems = 0
        client = ControlClient(server.url, {"x-api-key": KEY}, requests.Session)
        self.source = ControlSource(client, IDENTITY, on_policy=self.policies.append, on_problem=self._problem, **more)

    def _problem(self) -> None:
        self.problems += 1

    def versions(self) -> List[int]:
        return [policy.version for policy in self.policies]


@pytest.fixture
def followed() -> Iterator[Callable[..., Followed]]:
    running: List[Followed] = []

    def follow(server: ControlServer, **more: Any) -> Followed:
        running.append(Followed(server, **more))
        running[-1].source.start()
        return running[-1]

    yield follow
    for each in running:
        each.source.stop()


def test_a_policy_is_pushed_as_it_changes_and_the_process_says_who_it_is(followed: Any) -> None:
    with ControlServer() as server:
        following = followed(server)
        until(lambda: following.versions() == [3])
        server.push(policy(version=4))
        until(lambda: following.versions() == [3, 4])
        # One that cannot be read changes nothing, and the stream goes on.
        server.push({**policy(version=5), "budgets": "none"})
        server.push(policy(version=6))
        until(lambda: following.versions() == [3, 4, 6])
        assert following.problems == 1
    (asked,) = server.asked
    assert asked.headers["lensai-instance-id"] == "instance-1"
    assert asked.headers["lensai-service-name"] == "L%C3%A4den%20%26%20Co"


def test_a_stream_that_ends_is_opened_again_and_what_is_older_is_passed_over(followed: Any) -> None:
    with ControlServer(policy(version=9)) as server:
        following = followed(server)
        until(lambda: following.versions() == [9])
        server.document = policy(version=8)
        server.end_streams()
        until(lambda: len(server.asked) == 2)
        server.push(policy(version=10))
        until(lambda: following.versions() == [9, 10])


def test_a_collector_that_does_not_push_is_asked_with_the_etag(followed: Any) -> None:
    with ControlServer(streams=False) as server:
        following = followed(server, poll_seconds=0.01)
        until(lambda: len(server.asked) > 3)
        server.document = policy(version=4)
        until(lambda: following.versions() == [3, 4])
        until(lambda: server.asked[-1].headers.get("if-none-match") == '"4"')
    assert [asked.headers.get("if-none-match") for asked in server.asked[:2]] == [None, '"3"']
    assert server.asked[1].headers["accept"] == "application/json"


def test_it_is_known_for_how_long_nothing_was_heard(followed: Any) -> None:
    with ControlServer() as server:
        assert Followed(server).source.silent_seconds is None
        following = followed(server)
        until(lambda: following.policies)
        assert following.source.silent_seconds < 60
        # The collector hears nothing of the console itself.
        server.say(": age 100\n\n")
        until(lambda: following.source.silent_seconds > 90)
        server.say(": hello\n\n")
        until(lambda: following.source.silent_seconds < 60)


def test_a_collector_that_is_gone_leaves_the_policy_in_force(followed: Any) -> None:
    with ControlServer() as server:
        following = followed(server)
        until(lambda: following.policies)
        server.is_broken = True
        server.end_streams()
        until(lambda: following.problems > 0)
    assert following.versions() == [3]


def test_what_holds_is_acknowledged_once_and_again_where_that_failed() -> None:
    with ControlServer() as server:
        server.is_broken = True
        client = ControlClient(server.url, {"x-api-key": KEY}, requests.Session)
        acknowledger = Acknowledger(client, IDENTITY, retry_min_seconds=0.01)
        acknowledger.holds(6)
        until(lambda: len(server.server.received) > 1)
        server.is_broken = False
        until(lambda: server.acknowledged)
        acknowledger.holds(7)
        until(lambda: len(server.acknowledged) == 2)
        acknowledger.stop()
    told = [(each["instanceId"], each["serviceName"], each["version"]) for each in server.acknowledged]
    assert told == [("instance-1", "Läden & Co", 6), ("instance-1", "Läden & Co", 7)]
    assert all(0 <= each["heldMs"] <= each["runningMs"] for each in server.acknowledged)


def test_a_process_makes_no_call_before_its_first_policy(spans: InMemorySpanExporter) -> None:
    with ControlServer(policy(kill_switches=[SWITCH])) as server, HttpServer(openai_like) as model:
        instrumented = configure(policy_url=server.url, headers={"x-api-key": KEY}, service_name="shop")
        try:
            with pytest.raises(KillSwitchError):
                httpx.post(f"{model.url}{PATH}", json=chat())
            until(lambda: server.acknowledged)
        finally:
            instrumented.shutdown()
        assert model.received == []
    # The service is that of the application's own tracer provider.
    assert server.acknowledged[0]["serviceName"].startswith("unknown_service")
    assert [span.name for span in spans.get_finished_spans()] == ["chat gpt-4o-mini"]


@pytest.mark.parametrize("is_broken", [True, False], ids=["refuses", "says nothing"])
def test_a_collector_without_a_policy_does_not_hold_calls_up(is_broken: bool, spans: InMemorySpanExporter) -> None:
    with ControlServer() as server, HttpServer(openai_like) as model:
        server.is_broken = is_broken
        url = server.url if is_broken else f"{server.server.url}/v1/nothing"
        started = time.monotonic()
        instrumented = configure(policy_url=url, headers={"x-api-key": KEY})
        try:
            assert httpx.post(f"{model.url}{PATH}", json=chat()).status_code == 200
        finally:
            instrumented.shutdown()
    assert time.monotonic() - started < 5
    assert len(model.received) == 1


def test_a_policy_is_asked_for_with_a_signature_where_exports_are_signed(spans: InMemorySpanExporter) -> None:
    secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    with ControlServer(policy(budget(limitNanoUsd="1000000000"))) as server:
        instrumented = configure(policy_url=server.url, signing_key_id="sec_1", signing_secret=secret)
        assert instrumented.wait_for_policy()
        until(lambda: server.acknowledged)
        instrumented.shutdown()
    assert {received.method for received in server.server.received} == {"GET", "POST"}
    for received in server.server.received:
        assert received.headers["content-type"] == "application/json"
        assert 'keyid="sec_1"' in received.headers["signature-input"]


def test_a_policy_of_too_long_ago_stops_calls_or_does_not() -> None:
    call = recognise_call("POST", f"https://api.openai.com{PATH}", json.dumps(chat()).encode())
    assert call is not None
    silent = 0.0
    guard = Guard(silent_seconds=lambda: silent)

    def decided(mode: str) -> Any:
        guard.apply(parse_policy(policy(budget(limitNanoUsd="1"), maxStalenessSeconds=100, staleMode=mode)))
        found = guard.decide(call, {}, GuardedRequest())
        assert found is not None
        return found

    silent = 101.5
    closed = decided("closed")
    assert isinstance(closed.error, PolicyStaleError) and "101 s" in str(closed.error)
    assert closed.attributes["lensai.control.stale_seconds"] == 101
    assert closed.attributes["lensai.budget.decision"] == "refused"
    assert decided("last_known").error.code == "control.budget_exceeded"
    assert decided("open").attributes["lensai.budget.decision"] == "warned"
    silent = 100.0
    assert decided("open").attributes == {
        "lensai.budget.decision": "refused",
        "lensai.budget.id": "b1",
        "lensai.budget.refusal_cause": "spent",
        "lensai.control.stale_seconds": 100,
    }


def test_a_file_that_is_wrong_at_the_start_is_a_clear_error_and_later_leaves_the_last_one(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    with pytest.raises(ValueError, match="cannot be read"):
        configure(policy_file=file)
    file.write_text("{")
    with pytest.raises(ValueError, match="not JSON"):
        configure(policy_file=file)
    with pytest.raises(ValueError, match="not the URL"):
        configure(policy_url="collector")
    guard = Guard()
    source = PolicyFile(file, guard.apply)
    file.write_text(json.dumps(policy(kill_switches=[SWITCH])))
    source.look()
    file.write_text("{")
    with pytest.raises(PolicyError):
        source.look()
    assert guard.is_active and guard.policy is not None and guard.policy.version == 3


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file, guard = tmp_path / "policy.json", Guard()
    file.write_text(json.dumps(policy()))
    source = PolicyFile(file, guard.apply)
    source.start(0.01)
    until(lambda: guard.policy is not None)
    file.write_text(json.dumps(policy(kill_switches=[SWITCH], version=4)))
    until(lambda: guard.is_active)
    source.stop()
