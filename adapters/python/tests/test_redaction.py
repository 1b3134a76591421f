"""The same masks as the collector makes."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from lensai.redaction.redactor import redact_text

VECTORS = json.loads((Path(__file__).parent / "vectors" / "redaction.json").read_text())


def test_masks_what_the_rules_of_the_contract_mask_and_nothing_else() -> None:
    assert len(VECTORS) >= 1500
    assert sum(len(vector) == 2 for vector in VECTORS) >= 500
    for vector in VECTORS:
        assert redact_text(vector[0]) == vector[-1]


def test_masks_the_same_in_a_long_text() -> None:
    # What a text is beside: blanks and letters, behind which nothing goes on.
    apart = "\n and so on \n"
    texts = [vector[0] for vector in VECTORS if "BEGIN" not in vector[0]]
    masked = redact_text(apart.join(texts))
    assert masked is not None
    assert masked.count("[API_KEY]") > 20
    assert redact_text(masked) == masked


def test_halves_of_characters_become_their_escapes_and_hide_nothing() -> None:
    masked = redact_text('["\ud800 ann@example.com \udfff"]')
    assert masked == '["\\ud800 [EMAIL]******** \\udfff"]'


@pytest.mark.parametrize("unit", ["1 ", "1-1", "sk-", "(0)", "a@b.", "%40", "GB82 ", "::1 ", "eyJa.", "://a:b@"])
def test_a_text_that_is_made_to_take_long_is_given_up(unit: str) -> None:
    started = time.process_time()
    redact_text(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 10


def test_bytes_at_random_are_no_reason_to_raise() -> None:
    chance = random.Random(20261130)
    pieces = [vector[0] for vector in VECTORS]
    for _ in range(300):
        text = "".join(chance.choice(pieces) for _ in range(4))
        start, end = sorted(chance.sample(range(len(text)), 2))
        masked = redact_text(text[start:end])
        assert masked is not None
        assert len(masked.encode()) == len(text[start:end].encode("utf-8", "backslashreplace"))
