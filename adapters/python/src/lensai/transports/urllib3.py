"""urllib3: what requests and botocore send with."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional

from urllib3.connectionpool import HTTPConnectionPool

from lensai._never_throw import never_throw
from lensai.calls.answer import AnswerObserver
from lensai.calls.attempt import Abilities, Attempt, CallObserver, OutgoingRequest, fetch_of_answers
from lensai.calls.content_coding import decoder_of
from lensai.guard.errors import CallStoppedError


def instrument_urllib3(observer: CallObserver) -> Callable[[], None]:
    """Observes what is sent with urllib3; answers with what undoes it."""
    pool: Any = HTTPConnectionPool
    send = pool.urlopen

    def urlopen(
        self: Any, method: Any, url: Any, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        def sent() -> Any:
            return send(self, method, url, body, headers, *args, **kwargs)

        outgoing = never_throw("reading a request", _outgoing, self, method, url, (body, headers))
        # An answer that is read at once has come whole before anybody could stop it.
        abilities = Abilities(can_resend=False, can_cut=kwargs.get("preload_content") is False)
        attempt = None if outgoing is None else observer.start(outgoing, abilities)
        if attempt is None:
            return sent()
        if isinstance(attempt, CallStoppedError):
            raise attempt
        if attempt.asking_body is not None:
            body = attempt.asking_body
            headers = _readable(_with_length(self.headers if headers is None else headers, len(body)))
        elif attempt.clamped_body is not None:
            body = attempt.clamped_body
            headers = _with_length(self.headers if headers is None else headers, len(body))
        try:
            with attempt.active():
                response = sent()
        except BaseException as error:
            attempt.failed(error)
            raise
        never_throw("observing an answer", _observe, attempt, response)
        return response

    pool.urlopen = urlopen

    def undo() -> None:
        # Whoever wrapped it after us keeps their wrapping.
        if pool.urlopen is urlopen:
            pool.urlopen = send

    return undo


def instrument_botocore(session: Any) -> Callable[[], None]:
    """botocore makes an error of its own of whatever urllib3 raises: of ours, ours comes out again. `session` is its
    URLLib3Session; answers with what undoes it.
    """
    send = session.send

    def unwrapped(self: Any, request: Any) -> Any:
        try:
            return send(self, request)
        except Exception as error:
            cause = error.__context__
            if isinstance(cause, CallStoppedError):
                raise cause from None
            raise

    session.send = unwrapped

    def undo() -> None:
        if session.send is unwrapped:
            session.send = send

    return undo


def _outgoing(pool: Any, method: Any, url: Any, content: Any) -> Optional[OutgoingRequest]:
    if method == "GET":
        return fetch_of_answers(url, lambda: _address_of(pool, url))
    if method != "POST":
        return None
    body, headers = content
    fields = pool.headers if headers is None else headers
    return OutgoingRequest(method, _address_of(pool, url), _fields(fields), _body_of(body))


def _address_of(pool: Any, url: str) -> str:
    # A proxy is asked with the whole address.
    return url if "://" in url else f"{pool.scheme}://{_bracketed(pool.host)}:{pool.port}{url}"


def _with_length(headers: Any, length: int) -> Dict[Any, Any]:
    kept = {name: value for name, value in headers.items() if _text(name).lower() != "content-length"}
    return {**kept, "content-length": str(length)}


def _readable(headers: Dict[Any, Any]) -> Dict[Any, Any]:
    """What is added to the stream is taken out again, which a compressed one does not allow."""
    return {name: "identity" if _text(name).lower() == "accept-encoding" else value for name, value in headers.items()}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _fields(headers: Any) -> Dict[str, str]:
    return {_text(name).lower(): _text(value) for name, value in headers.items()}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body_of(body: Any) -> Optional[bytes]:
    """Only what is in memory already; files and generators belong to the caller."""
    if isinstance(body, (bytes, bytearray)):
        return bytes(body)
    return body.encode("utf-8", "replace") if isinstance(body, str) else None


def _observe(attempt: Attempt, response: Any) -> None:
    coding = response.headers.get("content-encoding", "")
    fields = {name: value for name, value in _fields(response.headers).items() if name != "content-encoding"}
    if coding:
        # Nothing can be taken out of bytes that the application may want as they are.
        attempt.asking_body = None
    observer = attempt.answered(response.status, fields)
    if observer is None:
        return
    if getattr(response, "_body", None) is not None:
        # It was read at once.
        shown = observer.chunk(response.data) + observer.end()
        if observer.is_rewriting:
            response._body = shown
        return
    response.__class__ = _observed_class(type(response))
    response._lensai_body = _Body(observer, coding)
    # Ends the spans of answers that nobody reads, when they are gone.
    weakref.finalize(response, attempt.abandon).atexit = False


class _Body:
    """What of a body was read, whichever way."""

    def __init__(self, observer: AnswerObserver, coding: str) -> None:
        self._observer = observer
        self._decode = decoder_of(coding)
        self._is_reading = False
        self.is_rewriting = observer.is_rewriting
        self.held = b""
        """What was shown of a stream that is rewritten, and was more than was asked for."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is raised inside is why the body broke off: urllib3 closes an answer before it says so."""
        self._is_reading = True
        try:
            yield
        except StopIteration:
            raise
        except BaseException as error:
            self._observer.fail(error)
            raise
        finally:
            self._is_reading = False

    def chunk(self, chunk: bytes, is_decoded: bool) -> bytes:
        """Answers with what the application gets in place of the chunk. Raises what the guard ends the answer with."""
        decoded: Optional[bytes] = chunk
        if not is_decoded and not self.is_rewriting:
            decoded = None if self._decode is None else never_throw("decoding an answer", self._decode, chunk)
        shown = b"" if decoded is None else self._observer.chunk(decoded)
        if self._observer.cut_off is not None:
            raise self._observer.cut_off
        return shown if self.is_rewriting else chunk

    def end(self) -> bytes:
        return self._observer.end()

    def cancel(self) -> None:
        if not self._is_reading:
            self._observer.cancel()


def _holds_more(response: Any) -> bool:
    """Has urllib3 read more than it has handed out? It decodes only as much as is asked for."""
    decoder = getattr(response, "_decoder", None)
    return bool(getattr(response, "_decoded_buffer", b"")) or getattr(decoder, "has_unconsumed_tail", False) is True


_classes: Dict[Any, Any] = {}


def _observed_class(kind: Any) -> Any:
    """The class of an answer, with its three ways to read: all others go through them."""
    known = _classes.get(kind)
    if known is not None:
        return known

    class Observed(kind):  # type: ignore[misc]
        _lensai_body: _Body

        def read(self, amt: Any = None, decode_content: Any = None, cache_content: bool = False) -> bytes:
            chunk = self._lensai_read(super().read, amt, decode_content, cache_content)
            if amt is None:
                chunk += self._lensai_body.end()
            if cache_content and self._lensai_body.is_rewriting:
                self._body = chunk
            return chunk

        def read1(self, amt: Any = None, decode_content: Any = None) -> bytes:
            return self._lensai_read(super().read1, amt, decode_content)

        def readinto(self, b: Any) -> int:
            chunk = self.read(len(b))
            self._lensai_body.held = chunk[len(b) :] + self._lensai_body.held
            size = min(len(chunk), len(b))
            b[:size] = chunk[:size]
            return size

        def read_chunked(self, amt: Any = None, decode_content: Any = None) -> Iterator[bytes]:
            is_decoded = self.decode_content if decode_content is None else decode_content
            chunks = super().read_chunked(amt, decode_content)
            while True:
                try:
                    with self._lensai_body.reading():
                        chunk = next(chunks)
                except StopIteration:
                    break
                chunk = self._lensai_pass(chunk, is_decoded)
                if not chunk:
                    continue
                try:
                    yield chunk
                except GeneratorExit:
                    self._lensai_body.cancel()
                    chunks.close()
                    raise
            rest = self._lensai_body.end()
            if rest:
                yield rest

        def close(self) -> None:
            self._lensai_body.cancel()
            super().close()

        def _lensai_read(self, read: Any, amt: Any, decode_content: Any, *more: Any) -> bytes:
            is_decoded = self.decode_content if decode_content is None else decode_content
            body = self._lensai_body
            shown, body.held = body.held, b""
            while not shown:
                with body.reading():
                    chunk: bytes = read(amt, decode_content, *more)
                if chunk:
                    shown = self._lensai_pass(chunk, is_decoded)
                # There is no last empty read where the length was known.
                if (self.closed and not _holds_more(self)) or (not chunk and amt != 0):
                    # All of it: who reads no more of what is closed would not ask for the rest.
                    return shown + body.end()
                if not chunk or not body.is_rewriting:
                    break
            if body.is_rewriting and amt:
                shown, body.held = shown[:amt], shown[amt:]
            return shown

        def _lensai_pass(self, chunk: bytes, is_decoded: bool) -> bytes:
            try:
                return self._lensai_body.chunk(chunk, is_decoded)
            except CallStoppedError:
                # The rest is not for anybody: the connection ends.
                super().close()
                raise

    Observed.__name__, Observed.__qualname__, Observed.__module__ = (
        kind.__name__,
        kind.__qualname__,
        kind.__module__,
    )
    _classes[kind] = Observed
    return Observed
