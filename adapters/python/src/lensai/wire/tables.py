"""The generated tables, with their expressions compiled. Read once, when the first request is looked at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Mapping, Optional, Pattern, Sequence, Tuple


@dataclass(frozen=True)
class WireApi:
    """One HTTP API that models are called by: how it is recognised, and how its bodies are read."""

    name: str
    operation: str
    provider: str
    path: Pattern[str]
    """Matched against the path without query; group `model` is the model, group `stream` means a stream."""
    shape: Sequence[Sequence[str]]
    """At an unknown host, the body must have one member of each of these lists."""
    usage: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    has_stream_usage_option: bool


@dataclass(frozen=True)
class ProviderHost:
    provider: str
    host: Pattern[str]
    usage: Mapping[str, str]
    has_no_stream_usage_option: bool


UsageFields = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class UsageTable:
    """How one API of a provider reports what a call used; `fields` and `beside` as in the contract's usage tables."""

    api: str
    roots: Sequence[str]
    fields: UsageFields
    beside: UsageFields
    input_convention: str
    output_convention: str


@dataclass(frozen=True)
class DeferredPath:
    """Where answers are fetched by GET that were asked for before."""

    name: str
    path: Pattern[str]
    """Matched against the path without query; group `name` names what is fetched."""
    api: str
    """Whose bodies, or events, are read there as they are."""
    is_lines: bool
    """One document a line, whatever the content type says."""


@dataclass(frozen=True)
class WireTables:
    apis: Tuple[WireApi, ...]
    hosts: Tuple[ProviderHost, ...]
    usage: Mapping[str, UsageTable]
    deferred: Tuple[DeferredPath, ...]
    may_fetch_answers: Pattern[str]
    """Fits all addresses that one of these is in."""

    def api_at_path(self, method: str, path: str) -> Optional[WireApi]:
        """The API that a request could be a call of, by method and path alone: cheap, for every request there is."""
        if method != "POST":
            return None
        return next((api for api in self.apis if api.path.search(path)), None)

    def api_named(self, name: str) -> Optional[WireApi]:
        return next((api for api in self.apis if api.name == name), None)

    def host_of(self, host: str) -> Optional[ProviderHost]:
        """The entry of a host with its port, where that is not the usual one ("localhost:11434")."""
        return next((each for each in self.hosts if each.host.search(host)), None)


@lru_cache(maxsize=1)
def wire_tables() -> WireTables:
    text = resources.files("lensai").joinpath("wire_tables.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return WireTables(
        apis=tuple(_api_of(entry) for entry in document["apis"]),
        hosts=tuple(_host_of(entry) for entry in document["hosts"]),
        usage={entry["api"]: _usage_of(entry) for entry in document["usage"]},
        deferred=tuple(_deferred_of(entry) for entry in document["deferred"]["sources"]),
        may_fetch_answers=_compiled(document["deferred"]["mayFit"]),
    )


def _compiled(expression: str) -> Pattern[str]:
    # As in JavaScript, \w and \d are ASCII.
    return re.compile(expression, re.ASCII)


def _api_of(entry: Any) -> WireApi:
    return WireApi(
        name=entry["name"],
        operation=entry["operation"],
        provider=entry["provider"],
        path=_compiled(entry["path"]),
        shape=entry["shape"],
        usage=entry["usage"],
        request=entry["request"],
        response=entry["response"],
        has_stream_usage_option=entry.get("hasStreamUsageOption", False),
    )


def _host_of(entry: Any) -> ProviderHost:
    return ProviderHost(
        provider=entry["provider"],
        host=_compiled(entry["host"]),
        usage=entry.get("usage", {}),
        has_no_stream_usage_option=entry.get("hasNoStreamUsageOption", False),
    )


def _deferred_of(entry: Any) -> DeferredPath:
    return DeferredPath(
        name=entry["name"],
        path=_compiled(entry["path"]),
        api=entry["api"],
        is_lines=entry.get("isLines", False),
    )


def _usage_of(entry: Any) -> UsageTable:
    return UsageTable(
        api=entry["api"],
        roots=entry["roots"],
        fields=entry["fields"],
        beside=entry.get("beside", {}),
        input_convention=entry["inputConvention"],
        output_convention=entry["outputConvention"],
    )
