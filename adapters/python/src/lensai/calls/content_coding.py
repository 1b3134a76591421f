from __future__ import annotations

import importlib
import zlib
from typing import Any, Callable, Optional, Protocol

Decode = Callable[[bytes], bytes]

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class _Decompressor(Protocol):
    def decompress(self, data: bytes) -> bytes: ...


def decoder_of(content_encoding: str) -> Optional[Decode]:
    """What the application decodes for itself, decoded for the reader as well, in passing. None for a coding that is
    not known here, or several at once.
    """
    coding = content_encoding.strip().lower()
    if coding in ("", "identity"):
        return _unchanged
    if coding in ("gzip", "x-gzip"):
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress
    if coding == "deflate":
        return _Deflate().decompress
    if coding == "br":
        return _brotli()
    return _zstd() if coding == "zstd" else None


def _unchanged(data: bytes) -> bytes:
    return data


class _Deflate:
    """Some servers send it without the header of zlib."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj()
        self._is_first = True

    def decompress(self, data: bytes) -> bytes:
        was_first, self._is_first = self._is_first, False
        try:
            return self._inner.decompress(data)
        except zlib.error:
            if not was_first:
                raise
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inner.decompress(data)


def _brotli() -> Optional[Decode]:
    """HTTP clients ask for it only where one of these is installed."""
    for name in ("brotlicffi", "brotli"):
        module = _module(name)
        if module is None:
            continue
        inner = module.Decompressor()
        decode: Decode = getattr(inner, "decompress", None) or inner.process
        return decode
    return None


def _zstd() -> Optional[Decode]:
    for name, make in (("compression.zstd", "ZstdDecompressor"), ("backports.zstd", "ZstdDecompressor")):
        module = _module(name)
        if module is not None:
            inner: _Decompressor = getattr(module, make)()
            return inner.decompress
    module = _module("zstandard")
    if module is None:
        return None
    decode: Decode = module.ZstdDecompressor().decompressobj().decompress
    return decode


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
