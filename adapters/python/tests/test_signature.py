from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from http_server import HttpServer, Received, Reply
from lensai.export.signature import RequestToSign, signature_base, signature_headers, signing_secret_of
from lensai.export.signed_session import SignatureAuth, signed_session

SECRET = base64.b64encode(bytes(range(32))).decode()


def request_of(vector: Any, body: bytes) -> RequestToSign:
    return RequestToSign(
        method=vector["method"],
        path=vector["path"],
        content_type=vector["contentType"],
        body=body,
        created=vector["created"],
        nonce=vector["nonce"],
        key_id=vector["keyId"],
    )


def test_writes_every_vector_byte_for_byte(signing_vectors: Any) -> None:
    assert len(signing_vectors["signed"]) >= 11
    for vector in signing_vectors["signed"]:
        request = request_of(vector, base64.b64decode(vector["bodyBase64"]))
        headers = signature_headers(request, signing_secret_of(vector["secretBase64"]))
        assert headers == {
            "content-digest": vector["contentDigest"],
            "signature-input": vector["signatureInput"],
            "signature": vector["signature"],
        }, vector["name"]
        assert signature_base(request, vector["contentDigest"]) == vector["signatureBase"]


@pytest.mark.parametrize(
    "secret",
    ["", "not base64!", SECRET[:-2], SECRET + "=", "=" + SECRET, base64.b64encode(bytes(31)).decode(), "A" * 400, SECRET + "\n"],
)
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError) as refused:
        signing_secret_of(secret)
    assert len(secret) < 2 or secret not in str(refused.value)


def test_a_secret_may_be_in_base64url() -> None:
    secret = bytes(range(220, 254))
    for encoded in (base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode().rstrip("=")):
        assert signing_secret_of(encoded) == secret


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/v1/traces?x=1"},
        {"path": "v1/traces"},
        {"path": "/a b"},
        {"content_type": "a\r\nb: c"},
        {"content_type": ""},
        {"nonce": "short"},
        {"nonce": 'with "quotes" in it'},
        {"key_id": 'a"b'},
        {"key_id": "a\n"},
        {"method": "post"},
        {"created": -1},
    ],
)
def test_what_no_header_may_hold_is_not_signed(signing_vectors: Any, change: Any) -> None:
    vector = signing_vectors["signed"][0]
    request = RequestToSign(**{**request_of(vector, b"x").__dict__, **change})
    with pytest.raises(ValueError, match="cannot be signed"):
        signature_headers(request, bytes(32))


def verified(received: Received, vectors: Any) -> None:
    """The signature covers the bytes that came over the wire."""
    fields = received.headers
    params = fields["signature-input"].removeprefix("lensai=")
    created = int(params.split("created=")[1].split(";")[0])
    nonce = params.split('nonce="')[1].split('"')[0]
    expected = signature_headers(
        RequestToSign("POST", received.path, fields["content-type"], received.body, created, nonce, "sec_2kXv9"),
        signing_secret_of(SECRET),
    )
    assert {name: fields[name] for name in expected} == expected


def test_the_official_exporter_sends_what_was_signed_compressed(signing_vectors: Any) -> None:
    with HttpServer() as server:
        exporter = OTLPSpanExporter(
            endpoint=f"{server.url}/v1/traces",
            session=signed_session("sec_2kXv9", SECRET),
            compression=Compression.Gzip,
        )
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("test").start_as_current_span("work"):
            pass
        provider.shutdown()
    (received,) = server.received
    assert received.headers["content-encoding"] == "gzip"
    assert b"work" in gzip.decompress(received.body)
    verified(received, signing_vectors)


def test_an_attempt_that_is_repeated_has_a_nonce_of_its_own() -> None:
    with HttpServer(lambda _: Reply(503, b"", {"retry-after": "0"})) as server:
        session = signed_session("sec_2kXv9", SECRET)
        for _ in range(2):
            session.post(f"{server.url}/v1/traces", data=b"x", headers={"content-type": "application/x-protobuf"})
    assert len({received.headers["signature-input"] for received in server.received}) == 2


def test_signs_with_the_clock_and_the_randomness_it_is_given() -> None:
    auth = SignatureAuth("key", SECRET, now_seconds=lambda: 1.9, nonce=lambda: "n" * 16)
    prepared = requests.Request(
        "POST", "http://collector/v1/logs?a=b", data=b"{}", headers={"content-type": "application/json"}, auth=auth
    ).prepare()
    assert prepared.headers["signature-input"].endswith(f';created=1;nonce="{"n" * 16}";keyid="key"')
