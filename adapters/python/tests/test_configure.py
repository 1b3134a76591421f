"""What a process does that calls `configure` and nothing else: each test is a process of its own."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from http_server import HttpServer, Received
from lensai import _scope, configure

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def run(program: str, environment: Optional[Dict[str, str]] = None) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def posted(server: HttpServer) -> List[Received]:
    """Without the questions for the policy."""
    return [received for received in server.received if received.method == "POST"]


def exported(server: HttpServer) -> ExportTraceServiceRequest:
    (received,) = posted(server)
    assert received.path == "/v1/traces"
    is_compressed = received.headers.get("content-encoding") == "gzip"
    return ExportTraceServiceRequest.FromString(gzip.decompress(received.body) if is_compressed else received.body)


WORK = "import lensai\n{configure}\nwith lensai.trace_llm('work'): pass\n"


def test_the_version_of_the_scope_is_that_of_the_package() -> None:
    manifest = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'version = "{_scope.INSTRUMENTATION_VERSION}"' in manifest


def test_sends_the_last_spans_at_the_end_of_the_process() -> None:
    with HttpServer() as server:
        run(WORK.format(configure=f"lensai.configure(service_name='shop', endpoint='{server.url}')"))
    sent = exported(server)
    (resource,) = sent.resource_spans
    names = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert names["service.name"] == "shop"
    (scope,) = resource.scope_spans
    assert (scope.scope.name, scope.spans[0].name) == ("lensai", "invoke_workflow work")
    assert posted(server)[0].headers["content-encoding"] == "gzip"


def test_honours_the_standard_variables() -> None:
    with HttpServer() as server:
        run(
            WORK.format(configure="lensai.configure()"),
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=abc",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
                "OTEL_SERVICE_NAME": "from-outside",
            },
        )
    assert posted(server)[0].headers["x-api-key"] == "abc"
    assert "content-encoding" not in posted(server)[0].headers
    assert b"from-outside" in posted(server)[0].body


@pytest.mark.parametrize("environment", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_sends_nothing_where_it_is_told_to(environment: Dict[str, str]) -> None:
    with HttpServer() as server:
        run(WORK.format(configure=f"lensai.configure(endpoint='{server.url}')"), environment)
    assert posted(server) == []


def test_signs_what_it_sends() -> None:
    options = f"endpoint='{{}}', signing_key_id='sec_1', signing_secret='{SECRET}'"
    with HttpServer() as server:
        run(WORK.format(configure=f"lensai.configure({options.format(server.url)})"))
    assert 'keyid="sec_1"' in posted(server)[0].headers["signature-input"]


def test_takes_keys_from_the_environment_and_the_users_own_headers_before_them() -> None:
    keys = {
        "LENSAI_API_KEY": "abc",
        "LENSAI_SIGNING_KEY_ID": "sec_2",
        "LENSAI_SIGNING_SECRET": SECRET,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a",
    }
    with HttpServer() as server:
        program = WORK.format(configure=f"lensai.configure(endpoint='{server.url}')")
        run(program, keys)
        run(program, {**keys, "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=own"})
    first, second = posted(server)
    assert 'keyid="sec_2"' in first.headers["signature-input"]
    assert (first.headers["x-api-key"], first.headers["x-team"]) == ("abc", "a")
    assert second.headers["x-api-key"] == "own"


def test_asks_the_collector_that_spans_go_to_for_the_policy_with_the_same_headers() -> None:
    program = """
import lensai
instrumented = lensai.configure()
assert instrumented.wait_for_policy()
"""
    with HttpServer() as server:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=abc"}
        assert run(program, variables) == ""
        run(program, {**variables, "LENSAI_CONTROL_URL": f"{server.url}/elsewhere"})
    asked = [(received.method, received.path, received.headers["x-api-key"]) for received in server.received]
    assert asked == [("GET", "/v1/control", "abc"), ("GET", "/elsewhere", "abc")]


def test_keeps_the_tracer_provider_of_the_application() -> None:
    program = """
import lensai
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider()
trace.set_tracer_provider(provider)
instrumented = lensai.configure(endpoint='http://127.0.0.1:1')
print(trace.get_tracer_provider() is provider, instrumented.owns_sdk)
"""
    assert run(program) == "True False\n"


def test_a_process_whose_collector_is_gone_ends_as_soon_as_its_exporter_gives_up() -> None:
    options = "endpoint='http://127.0.0.1:1'"
    output = run(WORK.format(configure=f"lensai.configure({options})"), {"OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
    assert "Traceback" not in output


def test_the_example_does_what_it_says() -> None:
    example = Path(__file__).parents[1] / "examples" / "guarded.py"
    output = run(example.read_text(), {"OTEL_TRACES_EXPORTER": "none"})
    assert output.startswith('Hello!\nthe budget "support" stopped the call: ')


@pytest.mark.parametrize(
    "options",
    [
        {"signing_key_id": "sec_1"},
        {"signing_secret": SECRET},
        {"signing_key_id": "sec_1", "signing_secret": "secret words"},
        {"signing_key_id": 'sec"1', "signing_secret": SECRET},
    ],
)
def test_an_argument_that_cannot_be_right_is_a_clear_error(options: Dict[str, str]) -> None:
    with pytest.raises(ValueError) as refused:
        configure(**options)  # type: ignore[arg-type]
    assert "secret words" not in str(refused.value)
