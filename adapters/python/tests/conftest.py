from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lensai import configure

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def provider() -> TracerProvider:
    """The application's own SDK; a process can register one only."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def spans(provider: TracerProvider) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    # Spans of one test are not those of the next.
    exporter.shutdown()


@pytest.fixture(scope="session")
def signing_vectors() -> Any:
    return json.loads((REPOSITORY / "otel-config" / "vectors" / "signing.json").read_text())


@pytest.fixture
def observed(spans: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    """Everything that is sent is observed."""
    instrumented = configure()
    yield spans
    instrumented.shutdown()


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
