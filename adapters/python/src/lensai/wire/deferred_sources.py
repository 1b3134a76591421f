"""Places at which answers are fetched by GET that were asked for before: what is done in the background, and batches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Optional, Tuple

from lensai.wire.json_path import text_at, value_at, values_at
from lensai.wire.tables import DeferredPath, wire_tables

_MS_PER_SECOND = 1000
_MS_MAX = 2**63 // 1_000_000
"""OTLP has nanoseconds since 1970 in 64 bits: one span with a time that does not fit would stop the export of all."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339, with as many digits behind the seconds as there are."""

_UNFINISHED = ("queued", "in_progress")


@dataclass(frozen=True)
class DeferredAnswer:
    """An answer of a model, found in what was fetched."""

    kind: str
    """Why it comes later than the request that asked for it was answered: "background" or "batch"."""
    api: str
    """The API whose answer it is, by name."""
    body: Any
    """As the API would have answered."""
    id: Optional[str] = None
    """Names the answer where it has no id of its own: the same whenever it is fetched."""
    model: Optional[str] = None
    """Where the answer does not name it."""
    start_ms: Optional[int] = None
    """Milliseconds since 1970 by the provider's clock; None where nothing tells."""
    end_ms: Optional[int] = None
    is_known_by_waiting: bool = False
    """Only one that was seen unfinished before is one: nothing else tells it from an answer that was told when it was
    made.
    """


@dataclass(frozen=True)
class FoundAnswers:
    answers: Tuple[DeferredAnswer, ...] = ()
    is_other: bool = False
    """It is none of what is fetched here: the first line of a file says so of all of it."""
    unfinished: Tuple[str, ...] = ()
    """Answers that are not there yet, by their ids."""
    batch_time: Optional[Tuple[str, int]] = None
    """The last name in the path at which the answers of a batch are fetched, and when they were made, in milliseconds."""


NOTHING_FOUND = FoundAnswers()

Find = Callable[[Any, str], FoundAnswers]


@dataclass(frozen=True)
class DeferredSource:
    path: DeferredPath
    name: str
    """Of what is fetched: the last name in the path."""

    def find(self, body: Any) -> FoundAnswers:
        """What a body, an event of a stream, or a line says. An answer that was made while its request waited was told
        then, and is none of these.
        """
        return _FINDS[self.path.name](body, self.name)


def may_fetch_answers(url: str) -> bool:
    """One look at the address of every GET that there is."""
    return wire_tables().may_fetch_answers.search(url) is not None


def deferred_source_at(path: str) -> Optional[DeferredSource]:
    """None when no answers are fetched at this path, without its query. Of two whose path fits, the first is meant."""
    if not may_fetch_answers(path):
        return None
    for each in wire_tables().deferred:
        match = each.path.search(path)
        if match is not None:
            return DeferredSource(each, match.group("name"))
    return None


def _openai_background(body: Any, _name: str) -> FoundAnswers:
    response = _object_or(body, "response")
    if not isinstance(response, dict) or response.get("background") is not True:
        return NOTHING_FOUND
    if response.get("status") in _UNFINISHED or not isinstance(response.get("usage"), dict):
        return NOTHING_FOUND
    start = _seconds_at(response, "created_at")
    end = _seconds_at(response, "completed_at")
    answer = DeferredAnswer(
        "background", "openai.responses", response, start_ms=start, end_ms=start if end is None else end
    )
    return FoundAnswers((answer,))


def _google_background(body: Any, _name: str) -> FoundAnswers:
    """It does not say whether it was made in the background."""
    interaction = _object_or(body, "interaction")
    name = text_at(interaction, ["id"])
    if name is None:
        return NOTHING_FOUND
    if interaction.get("status") in _UNFINISHED:
        return FoundAnswers(unfinished=(name,))
    if not isinstance(interaction.get("usage"), dict):
        return NOTHING_FOUND
    start, end = _date_at(interaction, "created"), _date_at(interaction, "updated")
    answer = DeferredAnswer(
        "background",
        "google.interactions",
        interaction,
        start_ms=start,
        end_ms=start if end is None else end,
        is_known_by_waiting=True,
    )
    return FoundAnswers((answer,))


def _openai_batch_output(line: Any, _name: str) -> FoundAnswers:
    # Any file is fetched here: the requests of a batch, examples to train with, pictures.
    if not isinstance(line, dict) or "custom_id" not in line or "response" not in line:
        return FoundAnswers(is_other=True)
    body = value_at(line, "response.body")
    api = _openai_api_of(body) if isinstance(body, dict) else None
    if api is None:
        return NOTHING_FOUND
    start = _seconds_at(body, "created")
    if start is None:
        start = _seconds_at(body, "created_at")
    name = text_at(line, ["id", "response.request_id"])
    return FoundAnswers((DeferredAnswer("batch", api, body, id=name, start_ms=start),))


def _openai_batch(batch: Any, _name: str) -> FoundAnswers:
    output = text_at(batch, ["output_file_id", "output_file"])
    return NOTHING_FOUND if output is None else _batch_time(output, _seconds_at(batch, "completed_at"))


def _anthropic_batch(body: Any, name: str) -> FoundAnswers:
    return _batch_time(name, _date_at(body, "ended_at"))


def _anthropic_batch_results(line: Any, _name: str) -> FoundAnswers:
    body = value_at(line, "result.message")
    if not isinstance(body, dict):
        return NOTHING_FOUND
    return FoundAnswers((DeferredAnswer("batch", "anthropic.messages", body),))


def _google_batch(batch: Any, name: str) -> FoundAnswers:
    """A small batch has its answers in itself."""
    model = text_at(batch, ["metadata.model"])
    if model is not None and model.startswith("models/"):
        model = model[len("models/") :]
    start = _date_at(batch, "metadata.endTime")
    bodies = values_at(batch, "response.inlinedResponses.inlinedResponses[].response")
    return FoundAnswers(
        tuple(
            _google_answer(body, f"{name}/{at}", model, start)
            for at, body in enumerate(bodies)
            if _has_google_usage(body)
        )
    )


def _google_batch_output(line: Any, name: str) -> FoundAnswers:
    """A large one has them in a file."""
    key, body = text_at(line, ["key"]), value_at(line, "response")
    if not _has_google_usage(body):
        return NOTHING_FOUND
    return FoundAnswers((_google_answer(body, None if key is None else f"{name}/{key}"),))


_FINDS: Dict[str, Find] = {
    "openai.background": _openai_background,
    "google.background": _google_background,
    "openai.batch_output": _openai_batch_output,
    "google.batch_output": _google_batch_output,
    "anthropic.batch_results": _anthropic_batch_results,
    "anthropic.batch": _anthropic_batch,
    "google.batch": _google_batch,
    "openai.batch": _openai_batch,
}
"""By the names of the generated table of paths."""

_OPENAI_APIS = {
    "chat.completion": "openai.chat",
    "response": "openai.responses",
    "text_completion": "openai.completions",
}


def _openai_api_of(body: Any) -> Optional[str]:
    kind, data = body.get("object"), body.get("data")
    if kind == "list" and isinstance(data, list):
        is_embedding = bool(data) and value_at(data[0], "object") == "embedding"
        return "openai.embeddings" if is_embedding else None
    return _OPENAI_APIS.get(kind) if isinstance(kind, str) else None


def _has_google_usage(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("usageMetadata"), dict)


def _google_answer(
    body: Any, name: Optional[str], model: Optional[str] = None, start_ms: Optional[int] = None
) -> DeferredAnswer:
    return DeferredAnswer("batch", "google.generate_content", body, id=name, model=model, start_ms=start_ms)


def _object_or(body: Any, key: str) -> Any:
    value = value_at(body, key)
    return value if isinstance(value, dict) else body


def _batch_time(name: str, end_ms: Optional[int]) -> FoundAnswers:
    return NOTHING_FOUND if end_ms is None else FoundAnswers(batch_time=(name, end_ms))


def _seconds_at(body: Any, key: str) -> Optional[int]:
    seconds = value_at(body, key)
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    ms = seconds * _MS_PER_SECOND
    return int(ms) if 0 < ms < _MS_MAX else None


def _date_at(body: Any, path: str) -> Optional[int]:
    text = value_at(body, path)
    match = _DATE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    try:
        date = datetime.fromisoformat(f"{seconds}{'+00:00' if zone == 'Z' else zone}")
    except ValueError:
        return None
    ms = (date - _EPOCH) // timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])
    return ms if 0 < ms < _MS_MAX else None
