"""What a call asks for, as far as it costs something; upper bounds, before the call is made."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from lensai.wire.call import WireCall
from lensai.wire.text_tokens import text_tokens_at_most

_FRAME_TOKENS = 16
_TOOLS_TOKENS = 600
"""What every provider puts around messages, and in front of tools."""
_REFERENCE_TOKENS = 16_000
"""Input that the request only names: a stored conversation, a file, a prompt. Nobody here knows its length."""
_IMAGE_TOKENS = 5_000
"""An image in the highest resolution: Anthropic 4,784, OpenAI 3,779, Gemini 2,240."""
_MODEL_IMAGE_TOKENS = (("gpt-4o-mini", 48_169),)
"""It counts its images so that they cost as much as a larger model's: 2,833 + 8 x 5,667."""
_AUDIO_CHARACTERS_PER_TOKEN = 125
"""Speech at 4 KB a second is 32 tokens a second (Gemini; OpenAI 10), video 300: Base64 characters per token."""
_DOCUMENT_CHARACTERS_PER_TOKEN = 8
"""A page of a document is 1,500 to 3,000 tokens and 20 KB or more."""
_UNREAD_TOKENS = 16_000
_UNREAD_BYTES_PER_TOKEN = 3
"""A body that cannot be read, and one whose length is not known either."""
_CONTEXT_TOKENS_MAX = 2_000_000
"""No model takes more: a body that would be longer is full of images."""
_WEB_SEARCHES = 5
"""Searches of one call when it does not say how many it may run."""
_CHOICES_MAX = 1_000
_COUNT_MAX = 2**53 - 1
_DEPTH_MAX = 64

_MEDIA_LENGTH_MIN = 256
_BASE64_START = re.compile(r"[\w+/-]{64}", re.ASCII)
_MEDIA_NAMES = re.compile(r"data|bytes|b64|image|audio|file", re.IGNORECASE)
_REFERENCES = frozenset(
    [
        "previous_response_id",
        "previous_interaction_id",
        "conversation",
        "file_id",
        "file_uri",
        "fileUri",
        "file_url",
        "cachedContent",
        "cached_content",
        "s3Location",
    ]
)

_UNKNOWN_MODEL_TOKENS = 128_000
_IMAGE_OUTPUT_TOKENS = 6_240
"""gpt-image-1 in high quality, 1,536 x 1,024; later ones have fewer."""


@dataclass(frozen=True)
class RequestSize:
    text_tokens: int
    image_tokens: int
    audio_tokens: int
    cache_write: Optional[str]
    """ "5m" or "1h": part of the input is written to a cache, at a price of its own."""
    choices: int
    """Answers that are asked for at once (`n`)."""
    output_tokens_max: int
    """The most that the model may put out, per answer."""
    puts_out_audio: bool
    puts_out_images: bool
    web_searches: int
    service_tier: Optional[str]

    @property
    def input_tokens(self) -> int:
        return self.text_tokens + self.image_tokens + self.audio_tokens


OutputMax = Sequence[Tuple[str, int]]
"""The most tokens that models put out in one answer, by the beginning of their names without vendor and path; the
longest beginning counts."""


def request_size_of(call: WireCall, body_bytes: Optional[int], output_max: OutputMax) -> RequestSize:
    """`body_bytes`: the length of the body, where it is known."""
    body = call.request
    tally = _Tally(call.model or "")
    if body is None:
        tally.text = _unread_tokens(body_bytes)
    else:
        tally.add(body, "", 0)
    request = body or {}
    generation = request.get("generationConfig")
    of_generation = generation.get("responseModalities") if isinstance(generation, dict) else None
    asked = request.get("modalities") or request.get("response_modalities") or of_generation
    kinds = str(asked or "").lower()
    tier = call.parameters.get("openai.request.service_tier", request.get("service_tier"))
    limit = _count(call.parameters.get("gen_ai.request.max_tokens"))
    return RequestSize(
        text_tokens=tally.text + _FRAME_TOKENS + (_TOOLS_TOKENS if "tools" in request else 0),
        image_tokens=tally.images,
        audio_tokens=tally.audio,
        cache_write=tally.cache_write,
        choices=min(_count(call.parameters.get("gen_ai.request.choice.count")) or 1, _CHOICES_MAX),
        output_tokens_max=_model_output_max(call, output_max) if limit is None else limit,
        puts_out_audio="audio" in kinds,
        puts_out_images=call.api.operation == "image_generation" or "image" in kinds,
        web_searches=_searches_of(request),
        service_tier=tier if isinstance(tier, str) else None,
    )


def _unread_tokens(body_bytes: Optional[int]) -> int:
    if body_bytes is None:
        return _UNREAD_TOKENS
    return min(math.ceil(body_bytes / _UNREAD_BYTES_PER_TOKEN), _CONTEXT_TOKENS_MAX)


def _model_output_max(call: WireCall, output_max: OutputMax) -> int:
    if call.api.operation == "embeddings":
        return 0
    if call.api.operation == "image_generation":
        return _IMAGE_OUTPUT_TOKENS
    name = re.sub(r"^(?:[a-z]+\.)+(?=[a-z])", "", re.sub(r"^.*/", "", (call.model or "").lower()))
    known = [(len(prefix), tokens) for prefix, tokens in output_max if name.startswith(prefix)]
    return max(known)[1] if known else _UNKNOWN_MODEL_TOKENS


def _count(value: Any) -> Optional[int]:
    """Also of a whole number that is written with a point."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _COUNT_MAX:
        return None
    return int(value) if value == int(value) else None


def _searches_of(request: Mapping[str, Any]) -> int:
    if "web_search_options" in request:
        return _WEB_SEARCHES
    tools = request.get("tools")
    searches = 0
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and (str(tool.get("type")).startswith("web_search") or "googleSearch" in tool):
            most = _count(tool.get("max_uses"))
            searches += _WEB_SEARCHES if most is None else most
    return searches


class _Tally:
    """Adds up what is in a request, wherever in it: what is text for one API is an argument for another."""

    def __init__(self, model: str) -> None:
        self.text = 0
        self.images = 0
        self.audio = 0
        self.cache_write: Optional[str] = None
        known = [tokens for prefix, tokens in _MODEL_IMAGE_TOKENS if model.startswith(prefix)]
        self._image_tokens = known[0] if known else _IMAGE_TOKENS

    def add(self, value: Any, key: str, depth: int) -> None:
        if isinstance(value, str):
            self._add_text(value, key, None)
        elif isinstance(value, list):
            self._add_list(value, key, depth)
        elif isinstance(value, dict):
            self._add_object(value, depth)
        else:
            self.text += 1

    def _add_list(self, values: List[Any], key: str, depth: int) -> None:
        if depth <= _DEPTH_MAX:
            for value in values:
                self.add(value, key, depth + 1)

    def _add_object(self, members: Mapping[str, Any], depth: int) -> None:
        if depth > _DEPTH_MAX:
            return
        for key, value in members.items():
            self.text += math.ceil(len(key) / 3)
            if key in _REFERENCES and value is not None:
                self.text += _REFERENCE_TOKENS
            elif key in ("cache_control", "cachePoint"):
                self._add_cache_write(value)
            elif isinstance(value, str):
                self._add_text(value, key, members)
            else:
                self.add(value, key, depth + 1)

    def _add_cache_write(self, value: Any) -> None:
        if isinstance(value, dict):
            self.cache_write = "1h" if value.get("ttl") == "1h" else (self.cache_write or "5m")

    def _add_text(self, text: str, key: str, parent: Optional[Mapping[str, Any]]) -> None:
        media = _media_of(text, key, parent)
        if media is None:
            self.text += text_tokens_at_most(text)
        elif media == "image":
            self.images += self._image_tokens
        elif media == "audio":
            self.audio += math.ceil(len(text) / _AUDIO_CHARACTERS_PER_TOKEN)
        else:
            self.text += math.ceil(len(text) / _DOCUMENT_CHARACTERS_PER_TOKEN)


def _media_of(text: str, key: str, parent: Optional[Mapping[str, Any]]) -> Optional[str]:
    """What a text is that is not read as one: Base64 of something, or the address of an image."""
    if key == "image_url" or (key == "url" and text.startswith(("http:", "https:", "data:"))):
        return "image"
    is_data = text.startswith("data:")
    if not is_data and not _is_base64(text, key):
        return None
    kind = text[5:64] if is_data else _kind_named_in(parent or {})
    if kind.startswith("image") or re.search(r"png|jpe?g|gif|webp", kind):
        return "image"
    return "audio" if kind.startswith(("audio", "video")) or re.search(r"wav|mp3|mp4|pcm", kind) else "document"


def _is_base64(text: str, key: str) -> bool:
    is_long = len(text) >= _MEDIA_LENGTH_MIN
    return is_long and _MEDIA_NAMES.search(key) is not None and _BASE64_START.match(text) is not None


def _kind_named_in(parent: Mapping[str, Any]) -> str:
    for name in ("media_type", "mimeType", "mime_type", "format"):
        kind = parent.get(name)
        if isinstance(kind, str):
            return kind.lower()
    return ""
