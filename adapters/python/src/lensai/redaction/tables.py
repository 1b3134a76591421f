"""The generated tables of the rules. Read once, when the first text is masked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import FrozenSet, Mapping, NamedTuple, Tuple


class SecretPrefix(NamedTuple):
    prefix: bytes
    rule: str
    rest: str
    """`token`: letters, digits, `-` and `_` follow; `plain`: the first `rest_min` of them are letters and digits;
    `exact`: exactly `rest_min` capitals and digits."""
    rest_min: int


class IssuerRange(NamedTuple):
    """Of payment cards; `first` and `last` are compared with as many leading digits as they have."""

    first: str
    last: str
    lengths: FrozenSet[int]


@dataclass(frozen=True)
class RedactionTables:
    labels: Mapping[str, bytes]
    """What is written over a match, by rule."""
    prefixes: Mapping[bytes, SecretPrefix]
    """None of them begins another."""
    iban_lengths: Mapping[bytes, int]
    """By country, in lower case."""
    issuers: Tuple[IssuerRange, ...]
    words: Mapping[str, FrozenSet[bytes]]
    """What stands beside numbers, by what it says of them."""


@lru_cache(maxsize=1)
def redaction_tables() -> RedactionTables:
    text = resources.files("lensai").joinpath("redaction_tables.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return RedactionTables(
        labels={rule: label.encode() for rule, label in document["labels"].items()},
        prefixes={
            entry["prefix"].encode(): SecretPrefix(
                entry["prefix"].encode(), entry["rule"], entry["rest"], entry["minRest"]
            )
            for entry in document["prefixes"]
        },
        iban_lengths={
            entry[:2].lower().encode(): int(entry[2:]) for entry in document["ibanLengths"].split(" ")
        },
        issuers=tuple(
            IssuerRange(str(entry["from"]), str(entry["to"]), frozenset(entry["lengths"]))
            for entry in document["issuers"]
        ),
        words={
            kind: frozenset(word.encode() for word in words) for kind, words in document["words"].items()
        },
    )
