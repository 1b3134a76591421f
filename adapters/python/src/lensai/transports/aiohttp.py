"""aiohttp: what Google's SDK makes asynchronous calls with where it is installed."""

from __future__ import annotations

import asyncio
import json
import weakref
from functools import wraps
from types import ModuleType
from typing import Any, AsyncIterator, Callable, Dict, Optional, Tuple

from lensai._never_throw import never_throw
from lensai.calls.answer import AnswerObserver
from lensai.calls.attempt import Abilities, Attempt, CallObserver, OutgoingRequest, fetch_of_answers
from lensai.guard.errors import CallStoppedError


def instrument_aiohttp(module: ModuleType, observer: CallObserver) -> Callable[[], None]:
    """Observes what is sent with sessions; answers with what undoes it."""
    session_class: Any = module.ClientSession
    send = session_class._request

    @wraps(send)
    async def request(self: Any, method: Any, str_or_url: Any, **kwargs: Any) -> Any:
        outgoing = never_throw("reading a request", _outgoing, self, method, str_or_url, kwargs)
        attempt = None if outgoing is None else await observer.start_in_task(outgoing, Abilities(can_resend=False))
        if attempt is None:
            return await send(self, method, str_or_url, **kwargs)
        if isinstance(attempt, CallStoppedError):
            raise attempt
        if attempt.asking_body is not None:
            kwargs = _with_body(kwargs, attempt.asking_body, {"accept-encoding": "identity"})
        elif attempt.clamped_body is not None:
            kwargs = _with_body(kwargs, attempt.clamped_body)
        try:
            with attempt.active():
                response = await send(self, method, str_or_url, **kwargs)
        except BaseException as error:
            attempt.failed(error)
            raise
        never_throw("observing an answer", _observe, self, attempt, response)
        return response

    session_class._request = request

    def undo() -> None:
        # Whoever wrapped it after us keeps their wrapping.
        if session_class._request is request:
            session_class._request = send

    return undo


def _outgoing(session: Any, method: Any, url: Any, kwargs: Dict[str, Any]) -> Optional[OutgoingRequest]:
    kind = str(method).upper()
    if kind == "GET":
        # Relative to the base of the session, it begins with no slash.
        return fetch_of_answers(f"/{url}", lambda: _address_of(session, url))
    if kind != "POST":
        return None
    fields = {**_fields(session.headers), **_fields(kwargs.get("headers") or {})}
    return OutgoingRequest("POST", _address_of(session, url), fields, _body_of(kwargs))


def _address_of(session: Any, url: Any) -> str:
    return str(session._build_url(url) if hasattr(session, "_build_url") else url)


def _body_of(kwargs: Dict[str, Any]) -> Optional[bytes]:
    """Only what is in memory already; forms, files and generators belong to the caller."""
    given, data = kwargs.get("json"), kwargs.get("data")
    if given is not None:
        return json.dumps(given).encode()
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    return data.encode("utf-8", "replace") if isinstance(data, str) else None


def _fields(headers: Any) -> Dict[str, str]:
    pairs = headers.items() if hasattr(headers, "items") else headers
    return {str(name).lower(): str(value) for name, value in pairs}


def _with_body(kwargs: Dict[str, Any], body: bytes, more: Optional[Dict[str, str]] = None) -> Dict[str, Any]:
    kept = {name: value for name, value in kwargs.items() if name != "json"}
    headers = {name: value for name, value in _fields(kwargs.get("headers") or {}).items() if name != "content-length"}
    return {**kept, "data": body, "headers": {"content-type": "application/json", **headers, **(more or {})}}


def _observe(session: Any, attempt: Attempt, response: Any) -> None:
    fields = _fields(response.headers)
    if getattr(session, "_auto_decompress", True):
        # What is read is decoded.
        fields.pop("content-encoding", None)
    elif "content-encoding" in fields:
        # Nothing can be taken out of bytes that the application wants as they are.
        attempt.asking_body = None
    observer = attempt.answered(response.status, fields)
    if observer is None:
        return
    observed = _RewrittenContent if observer.is_rewriting else _ObservedContent
    response.content = observed(response, observer)
    # Ends the spans of answers that nobody reads, when they are gone.
    weakref.finalize(response.content, attempt.abandon).atexit = False


class _ObservedContent:
    """The body of an answer, observed in passing. Nothing is read before the reader reads."""

    def __init__(self, response: Any, observer: AnswerObserver) -> None:
        self._content = response.content
        self._response = weakref.ref(response)
        self._observer = observer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while line := await self.readline():
            yield line

    async def iter_chunked(self, n: int) -> AsyncIterator[bytes]:
        while data := await self.read(n):
            yield data

    async def iter_any(self) -> AsyncIterator[bytes]:
        while data := await self.readany():
            yield data

    async def iter_chunks(self) -> AsyncIterator[Tuple[bytes, bool]]:
        while True:
            data, is_end = await self.readchunk()
            if not data and not is_end:
                return
            yield data, is_end

    def set_exception(self, error: BaseException, *more: Any) -> None:
        """A response that is closed says so here."""
        self._observer.cancel()
        self._content.set_exception(error, *more)

    async def read(self, n: int = -1) -> bytes:
        return await self._passed(self._content.read, n)

    async def readany(self) -> bytes:
        return await self._passed(self._content.readany)

    async def readline(self, *args: Any, **kwargs: Any) -> bytes:
        return await self._passed(self._content.readline, *args, **kwargs)

    async def readuntil(self, *args: Any, **kwargs: Any) -> bytes:
        return await self._passed(self._content.readuntil, *args, **kwargs)

    async def readexactly(self, n: int) -> bytes:
        return await self._passed(self._content.readexactly, n)

    async def readchunk(self) -> Any:
        data, is_end = await self._awaited(self._content.readchunk)
        self._told(data)
        return data, is_end

    def read_nowait(self, n: int = -1) -> bytes:
        data: bytes = self._content.read_nowait(n)
        self._told(data)
        return data

    async def _passed(self, read: Callable[..., Any], *args: Any, **kwargs: Any) -> bytes:
        data: bytes = await self._awaited(read, *args, **kwargs)
        self._told(data)
        return data

    async def _awaited(self, read: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return await read(*args, **kwargs)
        except BaseException as error:
            self._observer.fail(error)
            raise

    def _told(self, data: bytes) -> bytes:
        """Answers with what is shown of it. Raises what the guard ends the answer with."""
        shown = self._observer.chunk(data) if data else b""
        if self._observer.cut_off is not None:
            response = self._response()
            if response is not None:
                response.close()
            raise self._observer.cut_off
        return shown + self._observer.end() if self._content.at_eof() else shown


class _RewrittenContent(_ObservedContent):
    """The same of a stream out of which something is taken: its parts are made of what is left."""

    def __init__(self, response: Any, observer: AnswerObserver) -> None:
        super().__init__(response, observer)
        self._shown = bytearray()

    def at_eof(self) -> bool:
        return not self._shown and bool(self._content.at_eof())

    async def read(self, n: int = -1) -> bytes:
        while n < 0 and await self._fill():
            pass
        await self._fill_up_to(1)
        return self._take(len(self._shown) if n < 0 else n)

    async def readany(self) -> bytes:
        await self._fill_up_to(1)
        return self._take(len(self._shown))

    async def readline(self, *args: Any, **kwargs: Any) -> bytes:
        return await self.readuntil(b"\n")

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        while separator not in self._shown and await self._fill():
            pass
        at = self._shown.find(separator)
        return self._take(len(self._shown) if at < 0 else at + len(separator))

    async def readexactly(self, n: int) -> bytes:
        await self._fill_up_to(n)
        if len(self._shown) < n:
            raise asyncio.IncompleteReadError(self._take(n), n)
        return self._take(n)

    async def readchunk(self) -> Any:
        data = await self.readany()
        return data, bool(data)

    def read_nowait(self, n: int = -1) -> bytes:
        self._shown += self._told(self._content.read_nowait(-1))
        return self._take(len(self._shown) if n < 0 else n)

    async def _fill_up_to(self, size: int) -> None:
        while len(self._shown) < size and await self._fill():
            pass

    async def _fill(self) -> bool:
        """False when there is no more."""
        if self._content.at_eof():
            return False
        self._shown += self._told(await self._awaited(self._content.readany))
        return True

    def _take(self, size: int) -> bytes:
        taken = bytes(self._shown[:size])
        del self._shown[:size]
        return taken
