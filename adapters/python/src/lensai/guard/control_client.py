from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional

import requests

from lensai.guard.lease_documents import LedgerAnswer, parse_ledger_answer

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 3.0
"""Collectors give up on the console before that."""
_ANSWER_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True)
class ControlClient:
    """Requests to a collector about control. Every part of the guard has a session of its own: they are not for several
    threads, nor for a process and its parent.
    """

    url: str
    """http(s)://…/v1/control"""
    headers: Mapping[str, str]
    """As exports send them: an API key may be among them."""
    make_session: Callable[[], requests.Session]
    """One that signs, or not."""

    @property
    def leases_url(self) -> Optional[str]:
        """Where leases are to be had; None when the address of the policy does not say."""
        base = self.url.rstrip("/")
        return f"{base[: -len('/control')]}/leases" if base.endswith("/v1/control") else None

    def get(self, session: requests.Session, more: Mapping[str, str], silence_seconds: float) -> requests.Response:
        """The answer's head, with its body to be read."""
        headers = {"accept-encoding": "identity", **_JSON, **self.headers, **more}
        return session.get(
            self.url,
            headers=headers,
            timeout=(_CONNECT_SECONDS, silence_seconds),
            stream=True,
            allow_redirects=False,
        )

    def post(self, session: requests.Session, url: str, document: Mapping[str, Any]) -> requests.Response:
        return session.post(
            url,
            data=json.dumps(document).encode(),
            headers={**_JSON, **self.headers},
            timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
        )

    def exchange_of_leases(self, url: str) -> Callable[[Mapping[str, Any]], LedgerAnswer]:
        """Asks for leases; raises when there is no answer in time, and none that can be used."""
        session = self.make_session()

        def exchange(request: Mapping[str, Any]) -> LedgerAnswer:
            with self.post(session, url, request) as response:
                if response.status_code != 200:
                    raise ValueError(f"the collector answers {response.status_code}")
                body: bytes = response.raw.read(_ANSWER_BYTES_MAX, True)
            return parse_ledger_answer(json.loads(body))

        return exchange


_JSON: Dict[str, str] = {"content-type": "application/json"}
"""Also where there is no content: a signature covers the content type."""
