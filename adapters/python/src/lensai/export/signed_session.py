from __future__ import annotations

import base64
import secrets
import time
from typing import Callable
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from lensai.export.collector_session import CollectorSession
from lensai.export.signature import (
    RequestToSign,
    require_key_id,
    signature_headers,
    signing_secret_of,
)

_NONCE_BYTES = 16


def _fresh_nonce() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(_NONCE_BYTES)).decode().rstrip("=")


class SignatureAuth(AuthBase):
    """Signs each request with the bytes that go out, just before they do."""

    def __init__(
        self,
        key_id: str,
        secret: str,
        *,
        now_seconds: Callable[[], float] = time.time,
        nonce: Callable[[], str] = _fresh_nonce,
    ) -> None:
        self._key_id = require_key_id(key_id)
        self._secret = signing_secret_of(secret)
        self._now_seconds = now_seconds
        self._nonce = nonce

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        to_sign = RequestToSign(
            method=(request.method or "").upper(),
            path=urlsplit(request.url or "").path or "/",
            content_type=_text(request.headers.get("Content-Type", "")),
            body=body.encode() if isinstance(body, str) else body,
            created=int(self._now_seconds()),
            nonce=self._nonce(),
            key_id=self._key_id,
        )
        request.headers.update(signature_headers(to_sign, self._secret))
        return request


def signed_session(key_id: str, secret: str) -> requests.Session:
    """A session for the `session=` argument of the official OTLP/HTTP exporters, of traces, metrics and logs:
    everything it sends is signed. `secret` is base64, as the console shows it. Raises ValueError when the id or the
    secret cannot be one.
    """
    session = CollectorSession()
    session.auth = SignatureAuth(key_id, secret)
    return session


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
