"""The real collector, with a project that takes signed requests only."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from http_server import HttpServer, Received, Reply
from lensai.export.signed_session import signed_session
from lensai.guard.acknowledger import ProcessIdentity
from lensai.guard.control_client import ControlClient
from lensai.guard.control_source import ControlSource
from lensai.guard.guard import Guard
from waiting import until

REPOSITORY = Path(__file__).parents[3]
ISSUED_AT = "2026-11-24T00:00:00.000Z"
SECRET = hashlib.sha256(b"a secret of this test").digest()
SNAPSHOT: Dict[str, Any] = {
    "formatVersion": 1,
    "version": 7,
    "issuedAt": ISSUED_AT,
    "projects": [{"id": "shop", "name": "Shop", "content": "redacted", "requireSignature": True}],
    "keys": [],
    "signingSecrets": [
        {"id": "sec_shop", "projectId": "shop", "secret": base64.urlsafe_b64encode(SECRET).decode().rstrip("=")}
    ],
    "budgets": [],
    "killSwitches": [
        {"id": "k1", "projectId": "shop", "scope": {"model": "gpt-5*"}, "reason": "a loop", "triggeredAt": ISSUED_AT}
    ],
}


# As the console signs what it serves; collectors take nothing else.
SEAL = f"""
import {{ text }} from "node:stream/consumers";
import {{ keyPairOf }} from "{(REPOSITORY / "otel-config/src/signing/ed25519.ts").as_uri()}";
import {{ seal, SNAPSHOT_PAYLOAD_TYPE }} from "{(REPOSITORY / "otel-config/src/signing/envelope.ts").as_uri()}";
const key = keyPairOf(new Uint8Array(32).fill(7));
process.stdout.write(seal(SNAPSHOT_PAYLOAD_TYPE, await text(process.stdin), key));
"""


def sealed(snapshot: Dict[str, Any]) -> bytes:
    command = [*node(), "--input-type=module", "--eval", SEAL]
    return subprocess.run(command, input=json.dumps(snapshot).encode(), stdout=subprocess.PIPE, check=True).stdout


def node() -> List[str]:
    """The one of the repository; `test:python` says where it is."""
    path = os.environ.get("LENSAI_TEST_NODE")
    return [path] if path else ["npx", "--yes", "pnpm@12", "--dir", str(REPOSITORY), "exec", "node"]


@pytest.fixture(scope="module")
def collector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    envelope = sealed(SNAPSHOT)

    def snapshot(received: Received) -> Reply:
        headers = {"etag": '"7"', "content-type": "application/vnd.dsse.envelope.v1+json"}
        return Reply(200, envelope, headers)

    with HttpServer(snapshot) as console:
        child = subprocess.Popen(
            [*node(), str(REPOSITORY / "collector" / "src" / "main.ts")],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", ""),
                "LENSAI_DATA_DIR": str(tmp_path_factory.mktemp("collector")),
                "LENSAI_OTLP_HTTP_PORT": "0",
                "LENSAI_OTLP_GRPC_PORT": "0",
                "LENSAI_CONTROL_URL": console.url,
                "LENSAI_CONTROL_TOKEN": "control-token-of-this-test-0123456789",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stderr is not None
        try:
            for line in child.stderr:
                if '"httpPort"' in line:
                    url = f"http://127.0.0.1:{json.loads(line)['httpPort']}"
                    break
            else:
                raise AssertionError("the collector did not start")
            wait_for_snapshot(url)
            yield url
        finally:
            child.terminate()
            child.communicate(timeout=30)


def wait_for_snapshot(url: str) -> None:
    """It asks the console after its start."""
    headers = {"content-type": "application/json"}
    until(lambda: session().get(f"{url}/v1/control", headers=headers, timeout=9).status_code == 200, 30)


def session() -> requests.Session:
    return signed_session("sec_shop", base64.b64encode(SECRET).decode())


def a_span() -> List[ReadableSpan]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.get_tracer("test").start_span("work").end()
    return list(kept.get_finished_spans())


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.NoCompression])
def test_takes_what_is_signed_and_nothing_else(collector_url: str, compression: Compression) -> None:
    endpoint = f"{collector_url}/v1/traces"
    signed = OTLPSpanExporter(endpoint=endpoint, session=session(), compression=compression)
    stranger = signed_session("sec_shop", base64.b64encode(bytes(32)).decode())
    forged = OTLPSpanExporter(endpoint=endpoint, session=stranger, compression=compression)
    assert signed.export(a_span()) is SpanExportResult.SUCCESS
    assert signed.export(a_span()) is SpanExportResult.SUCCESS
    assert forged.export(a_span()) is SpanExportResult.FAILURE


@pytest.mark.parametrize("can_stream", [True, False], ids=["pushed", "asked for"])
def test_says_what_the_policy_is_and_that_it_still_holds(collector_url: str, can_stream: bool) -> None:
    guard, problems = Guard(), []
    client = ControlClient(f"{collector_url}/v1/control", {}, session)
    source = ControlSource(
        client,
        ProcessIdentity(f"instance-{can_stream}", "shop"),
        on_policy=guard.apply,
        on_problem=lambda: problems.append(1),
        can_stream=can_stream,
        poll_seconds=0.05,
    )
    source.start()
    try:
        until(lambda: guard.is_active)
        assert guard.policy is not None and guard.policy.version == 7
        heard = source.silent_seconds
        assert heard is not None and heard < 60
        if not can_stream:
            # What has not changed is said again, and not sent again.
            until(lambda: source.silent_seconds is not None and source.silent_seconds < 0.05)
    finally:
        source.stop()
    assert problems == []


def test_takes_acknowledgements(collector_url: str) -> None:
    client = ControlClient(f"{collector_url}/v1/control", {}, session)
    answer = client.post(
        session(),
        f"{client.url}/acknowledgements",
        {"instanceId": "instance-1", "serviceName": "shop", "version": 7, "heldMs": 1, "runningMs": 2},
    )
    assert answer.status_code < 300
