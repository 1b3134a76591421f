from __future__ import annotations

import asyncio
import threading
from typing import AsyncIterator, Iterator, List

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from lensai import trace_llm, with_attribution
from lensai._attribution import attribution_of


def current() -> str:
    return getattr(trace.get_current_span(), "name", "nothing")


def test_a_block_is_a_span_with_the_name_of_the_work(spans: InMemorySpanExporter) -> None:
    with trace_llm("answer"):
        assert current() == "invoke_workflow answer"
    (span,) = spans.get_finished_spans()
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "answer",
    }
    assert current() == "nothing"


def test_a_decorated_function_keeps_its_result_its_name_and_its_errors(spans: InMemorySpanExporter) -> None:
    @trace_llm
    def answer(question: str) -> str:
        """Says what there is to say."""
        if question == "":
            raise KeyError("secret words of a prompt")
        return question.upper()

    assert answer("what") == "WHAT"
    assert answer.__name__ == "answer" and answer.__doc__ == "Says what there is to say."
    with pytest.raises(KeyError):
        answer("")
    first, second = spans.get_finished_spans()
    assert first.name == "invoke_workflow answer" and first.status.status_code is StatusCode.UNSET
    assert second.status.status_code is StatusCode.ERROR
    assert (second.attributes or {})["error.type"] == "KeyError"
    assert second.status.description is None and second.events == ()


def test_runs_of_a_coroutine_at_the_same_time_do_not_mix(spans: InMemorySpanExporter) -> None:
    @trace_llm("work")
    async def work(name: str) -> List[str]:
        with trace_llm(name):
            await asyncio.sleep(0)
            inner = current()
        await asyncio.sleep(0)
        return [inner, current()]

    async def main() -> List[List[str]]:
        return list(await asyncio.gather(*(work(name) for name in "abc")))

    assert asyncio.run(main()) == [[f"invoke_workflow {name}", "invoke_workflow work"] for name in "abc"]
    finished = spans.get_finished_spans()
    roots = {span.context.span_id for span in finished if span.parent is None}
    assert len(roots) == 3
    assert {span.parent.span_id for span in finished if span.parent is not None} == roots


def test_a_generator_is_inside_of_its_span_only_while_it_runs(spans: InMemorySpanExporter) -> None:
    @trace_llm("stream")
    def words() -> Iterator[str]:
        for _ in range(2):
            yield current()

    assert [(word, current()) for word in words()] == [("invoke_workflow stream", "nothing")] * 2
    assert len(spans.get_finished_spans()) == 1


def test_an_asynchronous_generator_too_and_closing_it_early_is_no_error(spans: InMemorySpanExporter) -> None:
    closed: List[str] = []

    @trace_llm("stream")
    async def words() -> AsyncIterator[str]:
        try:
            while True:
                await asyncio.sleep(0)
                yield current()
        finally:
            closed.append(current())

    async def main() -> None:
        stream = words()
        assert await stream.__anext__() == "invoke_workflow stream"
        assert current() == "nothing"
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    (span,) = spans.get_finished_spans()
    assert closed == ["invoke_workflow stream"]
    assert span.status.status_code is StatusCode.UNSET


def test_values_and_errors_can_be_sent_into_a_generator(spans: InMemorySpanExporter) -> None:
    @trace_llm("talk")
    def talk():  # type: ignore[no-untyped-def]
        heard = yield "ready"
        try:
            yield heard
        except LookupError:
            yield "caught"
        return "done"

    def outer():  # type: ignore[no-untyped-def]
        return (yield from talk())

    conversation = outer()
    assert next(conversation) == "ready"
    assert conversation.send("hello") == "hello"
    assert conversation.throw(LookupError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(conversation)
    assert stop.value.value == "done"


def test_inner_attribution_wins_name_by_name() -> None:
    with with_attribution(user="u1", team="support"):
        with with_attribution(user="u2", feature="draft"):
            inner = attribution_of()
        outer = attribution_of()
    assert inner == {"user.id": "u2", "lensai.team": "support", "lensai.feature": "draft"}
    assert outer == {"user.id": "u1", "lensai.team": "support"}
    assert attribution_of() == {}


def test_baggage_attributes_what_nobody_here_attributed_and_nothing_is_written_to_it() -> None:
    token = context.attach(baggage.set_baggage("session.id", "s1", baggage.set_baggage("user.id", "from afar")))
    try:
        with with_attribution(user="here", route="/chat"):
            assert attribution_of() == {"user.id": "here", "session.id": "s1", "lensai.route": "/chat"}
            assert dict(baggage.get_all()) == {"user.id": "from afar", "session.id": "s1"}
    finally:
        context.detach(token)


def test_attribution_reaches_tasks_and_the_span_of_a_workflow(spans: InMemorySpanExporter) -> None:
    async def child() -> None:
        with trace_llm("child"):
            await asyncio.sleep(0)

    @with_attribution(tenant="acme", session="s")
    async def main() -> None:
        await asyncio.create_task(child())

    asyncio.run(main())
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["lensai.tenant"] == "acme"
    assert (span.attributes or {})["session.id"] == "s"


def test_one_scope_entered_in_two_threads_attributes_each_for_itself() -> None:
    team = with_attribution(team="support")
    other_is_inside, may_leave = threading.Event(), threading.Event()
    after: List[dict[str, str]] = []

    def other() -> None:
        with team:
            other_is_inside.set()
            may_leave.wait(10)
        after.append(attribution_of())

    thread = threading.Thread(target=other)
    with team:
        thread.start()
        other_is_inside.wait(10)
    after.append(attribution_of())
    may_leave.set()
    thread.join()
    assert after == [{}, {}]


def test_one_scope_entered_in_two_tasks_makes_a_span_of_each(spans: InMemorySpanExporter) -> None:
    answer = trace_llm("answer")

    async def work(steps: int) -> List[str]:
        async with answer:
            for _ in range(steps):
                await asyncio.sleep(0)
            inside = current()
        return [inside, current()]

    async def main() -> List[List[str]]:
        return list(await asyncio.gather(work(1), work(3)))

    assert asyncio.run(main()) == [["invoke_workflow answer", "nothing"]] * 2
    first, second = spans.get_finished_spans()
    assert first.start_time < second.start_time < first.end_time < second.end_time


def test_a_scope_inside_of_itself_ends_the_inner_first(spans: InMemorySpanExporter) -> None:
    answer = trace_llm("answer")
    with answer, answer:
        assert len(spans.get_finished_spans()) == 0
    inner, outer = spans.get_finished_spans()
    assert inner.parent is not None and inner.parent.span_id == outer.context.span_id
