"""Budgets and kill-switches: what is decided, and what of it reaches the application through the SDKs."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

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
from lensai import BudgetExceededError, KillSwitchError, configure, with_attribution
from lensai.guard.admission import Decision, PolicyBook, PolicyIndex, admit, settle
from lensai.guard.period import BudgetPeriod, period_at
from lensai.guard.policy import PolicyError, epoch_seconds, parse_policy
from provider_bodies import chat, openai_like

PATH = "/v1/chat/completions"
START = "2026-11-01T00:00:00.000Z"
NOW = epoch_seconds("2026-11-24T12:00:00Z")
# 100 and 20 tokens of gpt-4o-mini, and what its longest answer of 10 may cost beside the words.
COST_NANO = 100 * 150 + 20 * 600


def budget(**more: Any) -> Dict[str, Any]:
    return {
        "id": "b1",
        "name": "support",
        "scope": {},
        "limitNanoUsd": "1000",
        "mode": "enforce",
        "failMode": "spend_lease_then_closed",
        "unknownPrice": "block",
        "clamp": False,
        "periodStartsAt": START,
        **more,
    }


def policy(*budgets: Any, kill_switches: Any = (), **more: Any) -> Dict[str, Any]:
    return {
        "formatVersion": 1,
        "version": 3,
        "issuedAt": START,
        "budgets": list(budgets),
        "killSwitches": list(kill_switches),
        **more,
    }


SWITCH = {"id": "k1", "scope": {}, "reason": "runaway agent", "triggeredAt": START}


class Estimate:
    def __init__(self, amount_nano: Optional[int], family_nano: Optional[int] = None) -> None:
        self.amount_nano = amount_nano
        self._family_nano = family_nano

    def family_max_nano(self) -> Optional[int]:
        return self._family_nano


def index_of(*budgets: Any, kill_switches: Any = (), book: Optional[PolicyBook] = None) -> PolicyIndex:
    return (book or PolicyBook()).index(parse_policy(policy(*budgets, kill_switches=kill_switches)))


def decide(index: PolicyIndex, amount: Optional[int], values: Optional[Dict[str, str]] = None, **more: Any) -> Decision:
    return admit(index, values or {}, Estimate(amount, more.pop("family", None)), now=more.pop("now", NOW), **more)


def test_a_call_holds_its_estimate_until_it_is_settled() -> None:
    index = index_of(budget())
    first = decide(index, 600)
    assert (first.name, decide(index, 401).name, decide(index, 400).name) == ("allowed", "refused", "allowed")
    settle(first, 100)
    settle(first, 100)
    assert decide(index, 501).name == "refused"
    assert decide(index, 500).name == "allowed"


def test_a_call_that_nobody_knows_the_cost_of_has_cost_its_estimate() -> None:
    index = index_of(budget())
    settle(decide(index, 600), None)
    assert decide(index, 401).name == "refused"


def test_a_call_under_no_budget_is_unlimited_and_a_stopped_one_holds_nothing() -> None:
    index = index_of(budget(scope={"team": "a"}), budget(id="b2", limitNanoUsd="5"))
    assert decide(PolicyIndex(), 10**9).name == "unlimited"
    for _ in range(3):
        refused = decide(index, 900, {"team": "a"})
        assert refused.name == "refused" and refused.charges == []
    assert decide(index, 5, {"team": "a"}).name == "allowed"


@pytest.mark.parametrize(("mode", "expected"), [("observe", "allowed"), ("warn", "warned"), ("enforce", "refused")])
def test_only_an_enforcing_budget_stops_a_call(mode: str, expected: str) -> None:
    index = index_of(budget(mode=mode))
    assert decide(index, 1000).name == "allowed"
    assert decide(index, 1).name == expected


@pytest.mark.parametrize(
    ("unknown", "family", "expected"),
    [
        ("block", 1, "refused"),
        ("allow", None, "allowed"),
        ("assume_family_max", 1000, "allowed"),
        ("assume_family_max", 1001, "refused"),
        ("assume_family_max", None, "refused"),
    ],
)
def test_a_call_of_unknown_price_goes_by_the_budget(unknown: str, family: Any, expected: str) -> None:
    assert decide(index_of(budget(unknownPrice=unknown)), None, family=family).name == expected


@pytest.mark.parametrize(
    ("fail_mode", "amount", "expected"),
    [
        ("closed", 1, "refused"),
        ("spend_lease_then_closed", 1000, "allowed"),
        ("spend_lease_then_closed", 1001, "refused"),
        ("open", 1001, "allowed"),
    ],
)
def test_a_budget_that_nobody_can_be_asked_about_goes_by_its_fail_mode(
    fail_mode: str, amount: int, expected: str
) -> None:
    assert decide(index_of(budget(failMode=fail_mode)), amount, is_reachable=False).name == expected


def test_every_value_of_an_attribute_has_the_whole_amount() -> None:
    index = index_of(budget(each="user"))
    decide(index, 1000, {"user": "a"})
    assert decide(index, 1, {"user": "a"}).name == "refused"
    assert decide(index, 1000, {"user": "b"}).name == "allowed"
    assert decide(index, 10**6).name == "unlimited"


def test_a_scope_is_all_of_its_values_and_a_model_may_be_a_beginning() -> None:
    scope = {"model": "gpt-4*", "team": "a"}
    index = index_of(kill_switches=[{**SWITCH, "scope": scope}])
    matching = {"model": "gpt-4o", "team": "a", "user": "u"}
    assert decide(index, 1, matching).name == "killed"
    for changed in ({"model": "gpt-5"}, {"team": "b"}):
        assert decide(index, 1, {**matching, **changed}).name == "unlimited"
    assert decide(index, 1, {"team": "a"}).name == "unlimited"


def test_a_kill_switch_comes_before_every_budget() -> None:
    decision = decide(index_of(budget(), kill_switches=[SWITCH]), 1)
    assert decision.name == "killed" and decision.charges == []


def test_what_was_spent_stays_spent_through_later_policies_of_the_same_period() -> None:
    book = PolicyBook()
    decide(index_of(budget(), book=book), 900)
    assert decide(index_of(budget(limitNanoUsd="950"), book=book), 51).name == "refused"
    index_of(book=book)
    assert decide(index_of(budget(), book=book), 101).name == "refused"
    later = budget(periodStartsAt="2026-11-02T00:00:00Z")
    assert decide(index_of(later, book=book), 1000).name == "allowed"


def test_a_period_that_is_over_is_followed_by_the_next_of_its_kind() -> None:
    index = index_of(budget(resetsAt="2026-12-01T00:00:00Z"))
    decide(index, 1000)
    assert decide(index, 1, now=epoch_seconds("2026-11-30T23:59:59.999Z")).name == "refused"
    assert decide(index, 1000, now=epoch_seconds("2026-12-01T00:00:00Z")).name == "allowed"


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-15T12:00:00Z", ("2026-04-01", "2026-05-01")),
        ("2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z", "2026-03-03T00:00:00Z", ("2026-02-15", "2026-03-15")),
        ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z", "2027-01-01T00:00:00Z", ("2027-01-01", "2027-04-01")),
        ("2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z", "2026-01-20T00:00:00Z", ("2026-01-15", "2026-01-22")),
    ],
)
def test_periods_of_months_follow_the_calendar(start: str, end: str, now: str, expected: Any) -> None:
    period = BudgetPeriod(epoch_seconds(start), epoch_seconds(end))
    found = period_at(period, epoch_seconds(now))
    assert found == BudgetPeriod(*(epoch_seconds(f"{day}T00:00:00Z") for day in expected))


def test_a_rolling_window_counts_what_its_earlier_slices_spent() -> None:
    slices = budget(periodStartsAt="2026-11-24T12:00:00Z", resetsAt="2026-11-24T12:01:00Z", windowMs=120_000)
    index = index_of(slices)
    settle(decide(index, 600), 550)
    assert decide(index, 451, now=NOW + 60).name == "refused"
    settle(decide(index, 450, now=NOW + 60), 400)
    assert decide(index, 51, now=NOW + 120).name == "refused"
    assert decide(index, 601, now=NOW + 180).name == "refused"
    assert decide(index, 600, now=NOW + 180).name == "allowed"


def test_listed_periods_follow_as_they_are() -> None:
    # Days in Berlin around the end of summer time: 24, 25 and 24 hours.
    ends = [epoch_seconds(f"2026-10-{day}Z") for day in ("23T22:00:00", "24T22:00:00", "25T23:00:00")]
    friday = BudgetPeriod(epoch_seconds("2026-10-22T22:00:00Z"), ends[0], tuple(ends[1:]))
    assert period_at(friday, ends[2] - 1) == BudgetPeriod(ends[1], ends[2])
    assert period_at(friday, ends[2]) == BudgetPeriod(ends[2], ends[2] + 25 * 3600)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "not an object"),
        (policy(formatVersion=2), "formatVersion 2 is not supported"),
        (policy(version=-1), "version is not a whole number"),
        (policy(budget(scope={"planet": "mars"})), 'budgets[0].scope has unknown "planet"'),
        (policy(budget(scope={"team": ""})), "budgets[0].scope.team is not a text"),
        (policy(budget(), budget(limitNanoUsd=5)), "budgets[1].limitNanoUsd is not a string"),
        (policy(budget(limitNanoUsd="1.5")), "budgets[0].limitNanoUsd is not a whole amount"),
        (policy(budget(mode="stop")), 'budgets[0].mode is "stop"'),
        (policy(budget(each="planet")), "budgets[0].each is not the name"),
        (policy(budget(clamp=1)), "budgets[0].clamp is not true or false"),
        (policy(budget(periodStartsAt="today")), "budgets[0].periodStartsAt is not a time"),
        (policy(budget(resetsAt=START)), "budgets[0].resetsAt is not after"),
        (
            policy(budget(resetsAt="2026-12-01T00:00:00Z", laterResetsAt=["2026-12-01T00:00:00Z"])),
            "budgets[0].laterResetsAt does not go on from resetsAt",
        ),
        (policy(kill_switches=[{**SWITCH, "reason": None}]), "killSwitches[0].reason is not a string"),
        (policy(budgets=None), "budgets is not a list"),
    ],
)
def test_a_policy_that_is_wrong_says_where(document: Any, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(document)
    assert message in str(refused.value)


@pytest.fixture
def stopped(spans: InMemorySpanExporter, tmp_path: Path) -> Iterator[Callable[[Any], InMemorySpanExporter]]:
    """Observes under a policy."""
    running: List[Any] = []

    def under(document: Any) -> InMemorySpanExporter:
        file = tmp_path / "policy.json"
        file.write_text(json.dumps(document))
        running.append(configure(policy_file=file))
        return spans

    yield under
    for instrumented in running:
        instrumented.shutdown()


def own(spans: InMemorySpanExporter) -> List[Dict[str, Any]]:
    """The attributes of our spans: some SDKs make spans of their own."""
    found = [span for span in spans.get_finished_spans() if (scope := span.instrumentation_scope) and scope.name == "lensai"]
    assert not any("secret" in span.to_json() or "runaway" in span.to_json() for span in found)
    return [dict(span.attributes or {}) for span in found]


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
    assert stop.estimate_nano_usd is not None and stop.estimate_nano_usd > 7
    assert stop.resets_at == "2100-01-01T00:00:00.000Z"
    (found,) = own(spans)
    assert (found["lensai.budget.decision"], found["error.type"]) == ("refused", "control.budget_exceeded")


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


class Control:
    """A collector that serves a policy with its ETag."""

    def __init__(self) -> None:
        self.document: Any = policy()
        self.is_broken = False

    def __call__(self, received: Received) -> Reply:
        if self.is_broken:
            return Reply(503)
        if received.headers.get("x-api-key") != "abc":
            return Reply(401)
        body = json.dumps(self.document).encode()
        etag = f'"{self.document["version"]}"'
        if received.headers.get("if-none-match") == etag:
            return Reply(304, b"", {"etag": etag})
        return Reply(200, body, {"etag": etag, "content-type": "application/json"})


def test_a_collectors_policy_is_asked_for_with_its_etag_and_survives_the_collector() -> None:
    from lensai.guard.guard import Guard
    from lensai.guard.policy_source import ControlPolicySource

    control, guard = Control(), Guard()
    with HttpServer(control) as server:
        source = ControlPolicySource(guard, f"{server.url}/v1/control", {"x-api-key": "abc"})
        source.refresh()
        assert (guard.version, guard.is_active) == (3, False)
        source.refresh()
        control.document = policy(kill_switches=[SWITCH], version=4)
        source.refresh()
        assert (guard.version, guard.is_active) == (4, True)
        control.document = {**policy(), "version": 5, "budgets": "none"}
        with pytest.raises(PolicyError):
            source.refresh()
        assert (guard.version, guard.is_active, guard.is_reachable) == (4, True, True)
        control.is_broken = True
        with pytest.raises(PolicyError):
            source.refresh()
    with pytest.raises(requests.exceptions.ConnectionError):
        source.refresh()
    assert (guard.version, guard.is_active, guard.is_reachable) == (4, True, False)
    asked = [received.headers.get("if-none-match") for received in server.received]
    assert asked == [None, '"3"', '"3"', '"4"', '"4"']


def test_a_process_follows_the_collector(spans: InMemorySpanExporter) -> None:
    control = Control()
    control.document = policy(kill_switches=[SWITCH])
    with HttpServer(control) as server, HttpServer(openai_like) as model:
        instrumented = configure(policy_url=f"{server.url}/v1/control", headers={"x-api-key": "abc"})
        try:
            assert instrumented.wait_for_policy()
            with pytest.raises(KillSwitchError):
                httpx.post(f"{model.url}{PATH}", json=chat())
        finally:
            instrumented.shutdown()
    assert model.received == []
    assert [span.name for span in spans.get_finished_spans()] == ["chat gpt-4o-mini"]


def test_a_policy_is_asked_for_with_a_signature_where_exports_are_signed(spans: InMemorySpanExporter) -> None:
    secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    with HttpServer() as server:
        url = f"{server.url}/v1/control"
        instrumented = configure(policy_url=url, signing_key_id="sec_1", signing_secret=secret)
        assert instrumented.wait_for_policy()
        instrumented.shutdown()
    asked = server.received[0]
    assert (asked.method, asked.headers["content-type"]) == ("GET", "application/json")
    assert 'keyid="sec_1"' in asked.headers["signature-input"]


def test_a_file_that_is_wrong_at_the_start_is_a_clear_error_and_later_leaves_the_last_one(tmp_path: Path) -> None:
    from lensai.guard.guard import Guard
    from lensai.guard.policy_source import FilePolicy

    file = tmp_path / "policy.json"
    with pytest.raises(ValueError, match="cannot be read"):
        configure(policy_file=file)
    file.write_text("{")
    with pytest.raises(ValueError, match="not JSON"):
        configure(policy_file=file)
    with pytest.raises(ValueError, match="not the URL"):
        configure(policy_url="collector")
    guard = Guard()
    source = FilePolicy(guard, file)
    file.write_text(json.dumps(policy(kill_switches=[SWITCH])))
    source.refresh()
    file.write_text("{")
    with pytest.raises(PolicyError):
        source.refresh()
    assert guard.is_active and guard.version == 3
