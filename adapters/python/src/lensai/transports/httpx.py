"""httpx and its fork httpx2: what the SDKs of OpenAI, Anthropic, Google and Mistral send with.

Observed are the transports, below clients, redirects and retries: one attempt per request that goes out. Transports of
others (caches, retries, mocks) are seen when they send through these.
"""

from __future__ import annotations

import weakref
from types import ModuleType
from typing import Any, AsyncIterator, Callable, Dict, Iterator, Optional, Tuple

from lensai._never_throw import never_throw
from lensai.calls.answer import AnswerObserver
from lensai.calls.attempt import Attempt, CallObserver, OutgoingRequest, fetch_of_answers
from lensai.calls.content_coding import decoder_of
from lensai.guard.errors import CallStoppedError
from lensai.wire.stream_usage import may_refuse_stream_usage, refuses_stream_usage

Streams = Tuple[Callable[..., Any], Callable[..., Any]]


def instrument_httpx(module: ModuleType, observer: CallObserver) -> Callable[[], None]:
    """Observes what is sent with a module that is httpx; answers with what undoes it."""
    sync_class: Any = module.HTTPTransport
    async_class: Any = module.AsyncHTTPTransport
    send, send_async = sync_class.handle_request, async_class.handle_async_request
    make_sync, make_async = _stream_classes(module)
    stopped_class = _stopped_class(module)

    def handle_request(self: Any, request: Any) -> Any:
        outgoing = never_throw("reading a request", _outgoing, module, request)
        attempt = None if outgoing is None else observer.start(outgoing)
        if attempt is None:
            return send(self, request)
        if isinstance(attempt, CallStoppedError):
            return _stopped(stopped_class, request, attempt)
        try:
            with attempt.active():
                request = _clamped(module, attempt, request)
                asking = _asking(module, attempt, request)
                response = send(self, request if asking is None else asking)
                if attempt.asking_body is not None and may_refuse_stream_usage(response.status_code):
                    raw = b"".join(response.stream)
                    response.stream.close()
                    if _is_refused(attempt, response, raw):
                        response = send(self, request)
                    else:
                        response.stream = module.ByteStream(raw)
        except BaseException as error:
            attempt.failed(error)
            raise
        never_throw("observing an answer", _observe, attempt, response, make_sync)
        return response

    async def handle_async_request(self: Any, request: Any) -> Any:
        outgoing = never_throw("reading a request", _outgoing, module, request)
        attempt = None if outgoing is None else await observer.start_in_task(outgoing)
        if attempt is None:
            return await send_async(self, request)
        if isinstance(attempt, CallStoppedError):
            return _stopped(stopped_class, request, attempt)
        try:
            with attempt.active():
                request = _clamped(module, attempt, request)
                asking = _asking(module, attempt, request)
                response = await send_async(self, request if asking is None else asking)
                if attempt.asking_body is not None and may_refuse_stream_usage(response.status_code):
                    raw = b"".join([chunk async for chunk in response.stream])
                    await response.stream.aclose()
                    if _is_refused(attempt, response, raw):
                        response = await send_async(self, request)
                    else:
                        response.stream = module.ByteStream(raw)
        except BaseException as error:
            attempt.failed(error)
            raise
        never_throw("observing an answer", _observe, attempt, response, make_async)
        return response

    sync_class.handle_request = handle_request
    async_class.handle_async_request = handle_async_request

    def undo() -> None:
        # Whoever wrapped it after us keeps their wrapping.
        if sync_class.handle_request is handle_request:
            sync_class.handle_request = send
        if async_class.handle_async_request is handle_async_request:
            async_class.handle_async_request = send_async

    return undo


def _stopped(stopped_class: Any, request: Any, error: CallStoppedError) -> Any:
    """The error goes to the caller. SDKs of OpenAI's and Anthropic's kind try again after every error of a transport:
    they get an answer, one that raises the error as soon as it is asked what it is.
    """
    if not any(name.lower().startswith("x-stainless-") for name in request.headers):
        raise error
    return stopped_class(error)


def _stopped_class(module: ModuleType) -> Any:
    base: Any = module.Response

    class StoppedResponse(base):  # type: ignore[misc]
        def __init__(self, error: CallStoppedError) -> None:
            # Should an SDK not ask: a refusal that is not tried again, in the form of most APIs.
            details = {"type": error.code.rpartition(".")[2], "code": error.code, "message": str(error)}
            answer = {"type": "error", "message": str(error), "error": details}
            super().__init__(error.status, headers={"x-should-retry": "false"}, json=answer)
            self._lensai_error = error

        @property
        def is_success(self) -> bool:
            raise self._lensai_error

        @property
        def is_error(self) -> bool:
            raise self._lensai_error

        def raise_for_status(self) -> Any:
            raise self._lensai_error

    return StoppedResponse


def _outgoing(module: ModuleType, request: Any) -> Optional[OutgoingRequest]:
    if request.method == "GET":
        return fetch_of_answers(request.url.raw_path.decode("ascii"), lambda: str(request.url))
    if request.method != "POST":
        return None
    try:
        body: Optional[bytes] = request.content
    except module.RequestNotRead:
        body = None
    form = _form_of(request.stream) if body is None else None
    return OutgoingRequest(request.method, str(request.url), _fields(request.headers), body, form)


def _form_of(stream: Any) -> Optional[Dict[str, Optional[str]]]:
    """The texts of a form whose files are not read before they are sent."""
    parts = getattr(stream, "fields", None)
    if not isinstance(parts, list):
        return None
    values = [(part.name, getattr(part, "value", None)) for part in parts]
    return {
        name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for name, value in values
        if value is None or isinstance(value, (str, bytes))
    }


def _fields(headers: Any) -> Dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _clamped(module: ModuleType, attempt: Attempt, request: Any) -> Any:
    """The request with a lower limit of output, where the guard has lowered it."""
    return request if attempt.clamped_body is None else _with_body(module, request, attempt.clamped_body)


def _asking(module: ModuleType, attempt: Attempt, request: Any) -> Any:
    """The request that asks for usage; None where the caller's own is sent."""
    body = attempt.asking_body
    if body is None:
        return None
    asking = never_throw("asking for usage", _with_body, module, request, body)
    if asking is None:
        attempt.asking_body = None
    return asking


def _with_body(module: ModuleType, request: Any, body: bytes) -> Any:
    headers = request.headers.copy()
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    return module.Request(
        request.method,
        request.url,
        headers=headers,
        stream=module.ByteStream(body),
        extensions=request.extensions,
    )


def _is_refused(attempt: Attempt, response: Any, raw: bytes) -> bool:
    decode = decoder_of(response.headers.get("content-encoding", ""))
    body = raw if decode is None else never_throw("reading a refusal", decode, raw) or raw
    if not refuses_stream_usage(response.status_code, body):
        return False
    attempt.option_refused()
    return True


def _observe(attempt: Attempt, response: Any, make: Callable[[Any, AnswerObserver], Any]) -> None:
    observer = attempt.answered(response.status_code, _fields(response.headers))
    if observer is None:
        return
    if observer.is_rewriting and "content-encoding" in response.headers:
        del response.headers["content-encoding"]
    response.stream = make(response.stream, observer)
    # Ends the spans of answers that nobody reads, when they are gone.
    weakref.finalize(response.stream, attempt.abandon).atexit = False


def _stream_classes(module: ModuleType) -> Streams:
    """The bodies of answers, observed in passing. Nothing is read before the reader reads."""
    sync_base: Any = module.SyncByteStream
    async_base: Any = module.AsyncByteStream

    class ObservedStream(sync_base):  # type: ignore[misc]
        def __init__(self, stream: Any, observer: AnswerObserver) -> None:
            self._stream = stream
            self._observer = observer

        def __iter__(self) -> Iterator[bytes]:
            try:
                for chunk in self._stream:
                    passed = self._observer.chunk(chunk)
                    if self._observer.cut_off is not None:
                        self._stream.close()
                        raise self._observer.cut_off
                    if passed:
                        yield passed
            except GeneratorExit:
                self._observer.cancel()
                raise
            except BaseException as error:
                self._observer.fail(error)
                raise
            rest = self._observer.end()
            if rest:
                yield rest

        def close(self) -> None:
            self._observer.cancel()
            self._stream.close()

    class ObservedAsyncStream(async_base):  # type: ignore[misc]
        def __init__(self, stream: Any, observer: AnswerObserver) -> None:
            self._stream = stream
            self._observer = observer

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._stream:
                    passed = self._observer.chunk(chunk)
                    if self._observer.cut_off is not None:
                        await self._stream.aclose()
                        raise self._observer.cut_off
                    if passed:
                        yield passed
            except GeneratorExit:
                self._observer.cancel()
                raise
            except BaseException as error:
                self._observer.fail(error)
                raise
            rest = self._observer.end()
            if rest:
                yield rest

        async def aclose(self) -> None:
            self._observer.cancel()
            await self._stream.aclose()

    return ObservedStream, ObservedAsyncStream
