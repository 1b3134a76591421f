"""The same requests and answers as the JavaScript package sees, and the same spans of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lensai.spans.call_attributes import request_attributes, response_attributes, span_name_of
from lensai.wire.call import recognise_call
from lensai.wire.reader import create_response_reader
from lensai.wire.sse import SseParser
from lensai.wire.tables import wire_tables
from lensai.wire.usage import RawUsage, normalise_usage

VECTORS = json.loads((Path(__file__).parent / "vectors" / "wire.json").read_text())
REQUESTS, ANSWERS = (
    [{**vector["given"], "expected": vector["expected"]} for vector in VECTORS[part]] for part in ("requests", "answers")
)


@pytest.mark.parametrize("vector", REQUESTS, ids=lambda vector: vector["url"])
def test_recognises_the_same_calls(vector: Any) -> None:
    call = recognise_call("POST", vector["url"], vector["body"].encode())
    found = call and {
        "api": call.api.name,
        "spanName": span_name_of(call),
        "attributes": request_attributes(call),
        "lacksStreamUsage": call.lacks_stream_usage,
    }
    assert found == vector["expected"]


@pytest.mark.parametrize("vector", ANSWERS, ids=lambda vector: vector["name"])
@pytest.mark.parametrize("size", [None, 1, 7])
def test_reads_the_same_from_an_answer_whatever_the_borders_of_its_chunks(vector: Any, size: int) -> None:
    call = recognise_call("POST", vector["url"], vector["request"].encode())
    assert call is not None
    reader = create_response_reader(call, vector["headers"])
    if vector["expected"] is None:
        assert reader is None
        return
    assert reader is not None
    chunks = [base64.b64decode(chunk) for chunk in vector["chunks"]]
    body = b"".join(chunks)
    for chunk in chunks if size is None else (body[at : at + size] for at in range(0, len(body), size)):
        reader.push(chunk)
    reader.end(vector["isWhole"])
    assert {
        "attributes": response_attributes(call, reader.facts),
        "errorType": reader.facts.error_type,
    } == vector["expected"]


def test_brings_counts_into_the_same_normal_form() -> None:
    assert len(VECTORS["usage"]) >= 400
    for raw, expected in VECTORS["usage"]:
        counts = {name: value for name, value in raw.items() if not name.endswith("Convention")}
        found = normalise_usage(
            RawUsage(counts, raw.get("inputConvention"), raw.get("outputConvention"))
        )
        assert found == {name: count for name, count in expected.items()}, raw


def test_knows_every_api_by_one_path_only() -> None:
    paths = {path for vector in REQUESTS for path in [vector["url"].split("?")[0].split("/", 3)[3]]}
    for path in paths:
        assert sum(api.path.search(f"/{path}") is not None for api in wire_tables().apis) <= 1


@pytest.mark.parametrize("body", [b"NaN", b"[" * 100_000, b"\xff\xfe", b"\x00", b""])
def test_a_request_that_is_no_json_is_a_call_at_a_known_host_only(body: bytes) -> None:
    assert recognise_call("POST", "https://api.openai.com/v1/chat/completions", body) is not None
    assert recognise_call("POST", "https://example.com/v1/chat/completions", body) is None


def test_the_texts_of_all_events_joined_are_what_was_pushed() -> None:
    text = "data: a\r\n\r\n: note\n\ndata\n\nevent: x\rdata: y\r\rdata: " + "z" * 50 + "\n\nrest"
    for size in (1, 2, 3, 5, len(text)):
        parser = SseParser(20)
        events = [event for at in range(0, len(text), size) for event in parser.push(text[at : at + size])]
        last = parser.end()
        assert "".join(event.raw for event in [*events, *([last] if last else [])]) == text
        assert [event.data for event in events][:3] == ["a", None, ""]
        assert any(event.is_too_long for event in events) == (size < len(text))
