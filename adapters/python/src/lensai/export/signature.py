"""How exports are signed: HTTP Message Signatures (RFC 9421) with `hmac-sha256` over four components, the body
through its Content-Digest (RFC 9530) of the bytes on the wire, after compression.

Held to the vectors that every language is held to (otel-config/vectors/signing.json).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Dict

SIGNED_COMPONENTS = ("@method", "@path", "content-digest", "content-type")
SIGNATURE_LABEL = "lensai"

_SECRET_BYTES_MIN = 32
_SECRET_BYTES_MAX = 128
_BASE64URL = str.maketrans("-_", "+/")

_KEY_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_NONCE = re.compile(r"[A-Za-z0-9_.:+/=-]{16,128}")
_METHOD = re.compile(r"[A-Z]{1,16}")
_FIELD = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
"""Visible ASCII and inner spaces: what a header or a request line can hold, and no line break."""
_PATH = re.compile(r"/[\x21\x22\x24-\x3e\x40-\x7e]*")
"""The same without space, query and fragment."""


@dataclass(frozen=True)
class RequestToSign:
    method: str
    """Upper case."""
    path: str
    """Without the query."""
    content_type: str
    """As it will be sent."""
    body: bytes
    """As it will be sent, after compression."""
    created: int
    """Unix time in seconds."""
    nonce: str
    """Fresh for every attempt, also when the same body is sent again."""
    key_id: str


def signing_secret_of(text: str) -> bytes:
    """The key of the MAC, of its base64, or its base64url without padding. Raises ValueError; the message does not
    repeat the secret.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        secret = base64.b64decode(padded.translate(_BASE64URL), validate=True)
    except (ValueError, binascii.Error):
        secret = b""
    # A value has one form in each of them only.
    url = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    if text == "" or text not in (base64.b64encode(secret).decode(), url):
        raise ValueError("the signing secret is not base64; copy it again")
    if not _SECRET_BYTES_MIN <= len(secret) <= _SECRET_BYTES_MAX:
        raise ValueError(
            f"the signing secret has {len(secret)} bytes, "
            f"not {_SECRET_BYTES_MIN} to {_SECRET_BYTES_MAX}; copy it again"
        )
    return secret


def require_key_id(key_id: str) -> str:
    """The id itself. Raises ValueError for one that no header may hold."""
    if _KEY_ID.fullmatch(key_id) is None:
        raise ValueError(f'"{key_id[:200]}" is not the id of a signing secret')
    return key_id


def signature_headers(request: RequestToSign, secret: bytes) -> Dict[str, str]:
    """The three header fields to send. Raises ValueError for a value that no header may hold."""
    _require_sendable(request)
    digest = hashlib.sha256(request.body).digest()
    content_digest = f"sha-256=:{_base64(digest)}:"
    params = _signature_params(request)
    mac = hmac.new(secret, signature_base(request, content_digest).encode(), hashlib.sha256)
    return {
        "content-digest": content_digest,
        "signature-input": f"{SIGNATURE_LABEL}={params}",
        "signature": f"{SIGNATURE_LABEL}=:{_base64(mac.digest())}:",
    }


def signature_base(request: RequestToSign, content_digest: str) -> str:
    """The text that the MAC is computed of (RFC 9421 section 2.5)."""
    values = {
        "@method": request.method,
        "@path": request.path,
        "content-digest": content_digest,
        "content-type": request.content_type.strip(),
    }
    lines = [f'"{name}": {values[name]}' for name in SIGNED_COMPONENTS]
    return "\n".join([*lines, f'"@signature-params": {_signature_params(request)}'])


def _signature_params(request: RequestToSign) -> str:
    components = " ".join(f'"{name}"' for name in SIGNED_COMPONENTS)
    return f'({components});created={request.created};nonce="{request.nonce}";keyid="{request.key_id}"'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _require_sendable(request: RequestToSign) -> None:
    requirements = (
        (_METHOD.fullmatch(request.method), f'the method "{request.method}"'),
        (_PATH.fullmatch(request.path), f'the path "{request.path}"'),
        (_FIELD.fullmatch(request.content_type), f'the content type "{request.content_type}"'),
        (request.created >= 0, f"the time {request.created}"),
        (_NONCE.fullmatch(request.nonce), f'the nonce "{request.nonce}"'),
        (_KEY_ID.fullmatch(request.key_id), f'the id of the signing secret, "{request.key_id}",'),
    )
    for holds, what in requirements:
        if not holds:
            raise ValueError(f"{what[:200]} cannot be signed")
