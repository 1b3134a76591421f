"""Whose exporters follow redirections, as OpenTelemetry's did, keep what is sent and its keys within the collector's origin."""

from __future__ import annotations

import pytest
import requests

from http_server import HttpServer, Reply
from lensai._telemetry import TelemetryOptions, session_of

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SIGNING = ("sec_1", SECRET)
TYPE = {"content-type": "application/x-protobuf"}


@pytest.mark.parametrize("signing", [SIGNING, (None, None)], ids=["signed", "not signed"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_a_collector_to_another_origin(
    status: int, signing: "tuple[str | None, str | None]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LENSAI_API_KEY", "key-of-the-shop")
    session = session_of(TelemetryOptions.of(None, None, None, signing))
    assert session is not None
    with HttpServer() as elsewhere:
        moved = Reply(status, b"", {"location": f"{elsewhere.url}/v1/traces"})
        with HttpServer(lambda _: moved) as collector:
            response = session.post(f"{collector.url}/v1/traces", data=b"spans", headers=TYPE, timeout=9)
        assert response.status_code == status
        (received,) = collector.received
        assert received.headers["x-api-key"] == "key-of-the-shop"
        assert elsewhere.received == []


def test_a_collector_may_send_on_within_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSAI_API_KEY", "key-of-the-shop")
    session = session_of(TelemetryOptions.of(None, None, None, (None, None)))
    assert isinstance(session, requests.Session)
    moved = Reply(307, b"", {"location": "/other"})
    with HttpServer(lambda received: moved if received.path == "/v1/traces" else Reply()) as collector:
        assert session.post(f"{collector.url}/v1/traces", data=b"spans", headers=TYPE, timeout=9).status_code == 200
    assert [received.path for received in collector.received] == ["/v1/traces", "/other"]
