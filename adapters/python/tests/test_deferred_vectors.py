"""The same answers that are fetched later, and the same spans of them, as in the JavaScript package."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Dict, List
from urllib.parse import urlsplit

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lensai.calls.deferred_answers import DeferredAnswers, Fetching
from lensai.calls.fetched_answers import FetchedAnswers
from lensai.wire.deferred_sources import deferred_source_at

CASES = json.loads((Path(__file__).parent / "vectors" / "deferred.json").read_text())["cases"]
NANOS_PER_MS = 1_000_000


@pytest.mark.parametrize("size", [None, 1, 50])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["given"]["name"])
def test_tells_the_same_whatever_the_borders_of_the_chunks(case: Any, size: Any, spans: InMemorySpanExporter) -> None:
    deferred = DeferredAnswers()
    begun_ms = time.time_ns() // NANOS_PER_MS
    for each in case["given"]["fetches"]:
        fetch(deferred, each, size)
    assert [described(span, begun_ms) for span in spans.get_finished_spans()] == case["expected"]


def fetch(deferred: DeferredAnswers, given: Any, size: Any) -> None:
    source = deferred_source_at(urlsplit(given["url"]).path)
    if source is None:
        return
    fetched = FetchedAnswers(deferred, source, Fetching(given["url"], Context(), source.name))
    reader = fetched.reader_of({"content-type": given["type"]})
    if reader is None:
        return
    body = given["body"].encode()
    for at in range(0, len(body), size or len(body)):
        reader.push(body[at : at + (size or len(body))])
    reader.end(given["isWhole"])


def described(span: ReadableSpan, begun_ms: int) -> Dict[str, Any]:
    assert span.start_time is not None and span.end_time is not None
    start_ms = span.start_time // NANOS_PER_MS
    return {
        "name": span.name,
        "attributes": {name: listed(value) for name, value in (span.attributes or {}).items()},
        "isError": not span.status.is_unset,
        "startMs": start_ms if start_ms < begun_ms else None,
        "durationMs": (span.end_time - span.start_time) // NANOS_PER_MS,
    }


def listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_has_cases_of_every_source() -> None:
    urls: List[str] = [each["url"] for case in CASES for each in case["given"]["fetches"] if case["expected"]]
    names = {source.path.name for url in urls if (source := deferred_source_at(urlsplit(url).path))}
    assert len(names) == 8
