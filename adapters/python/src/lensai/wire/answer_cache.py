"""Whether a gateway has answered from its cache, by the headers of the answer."""

import re
from typing import Mapping

_STATUS_HEADERS = ("x-portkey-cache-status", "cf-aig-cache-status", "helicone-cache", "x-openrouter-cache-status")
"""Portkey ("HIT", "SEMANTIC HIT"), Cloudflare's AI Gateway, Helicone and OpenRouter ("HIT")."""

_HIT = re.compile(r"(?:semantic )?hit", re.IGNORECASE)


def is_from_cache(headers: Mapping[str, str]) -> bool:
    """Does a gateway say that it has answered from its cache? Then no provider was called, and nothing is owed to
    one. `headers` are by lower-case name.
    """
    return any(_HIT.fullmatch(headers.get(name, "").strip()) for name in _STATUS_HEADERS)
