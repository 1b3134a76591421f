from __future__ import annotations

import atexit
import importlib
import os
from types import ModuleType
from typing import Callable, List, Mapping, Optional

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from lensai._never_throw import never_throw
from lensai._telemetry import TelemetryOptions, start_sdk
from lensai.calls.attempt import CallObserver
from lensai.spans.call_span import CallSpan
from lensai.transports.httpx import instrument_httpx
from lensai.transports.urllib3 import instrument_urllib3

_FLUSH_LIMIT_MS = 2_000
"""A collector that is slow must not hold up the end of a process."""


class Instrumented:
    """What `configure` has set up."""

    def __init__(self, undo: List[Callable[[], None]], provider: Optional[TracerProvider]) -> None:
        self._undo = undo
        self._provider = provider

    @property
    def owns_sdk(self) -> bool:
        """Is it our OpenTelemetry SDK, and so ours to end?"""
        return self._provider is not None

    def force_flush(self) -> None:
        """Sends what there is, calls that are still open as far as they were read. Never raises."""
        CallSpan.abandon_all()
        provider = trace.get_tracer_provider()
        flush = getattr(provider, "force_flush", None)
        if callable(flush):
            never_throw("sending spans", flush, _FLUSH_LIMIT_MS)

    def shutdown(self) -> None:
        """Nothing is observed any longer; what there is is sent, and the SDK ends if it is ours. Never raises."""
        for undo in reversed(self._undo):
            never_throw("ending the observation", undo)
        self._undo = []
        CallSpan.abandon_all()
        if self._provider is None:
            self.force_flush()
        else:
            never_throw("ending the SDK", self._provider.shutdown)


def configure(
    *,
    service_name: Optional[str] = None,
    endpoint: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    signing_key_id: Optional[str] = None,
    signing_secret: Optional[str] = None,
    asks_for_stream_usage: bool = True,
) -> Instrumented:
    """Observes the calls of models that this process makes from now on.

    Spans go to the tracer provider of the application, or to an OpenTelemetry SDK that is started here and reads the
    standard OTEL_* variables. `service_name` wins over OTEL_SERVICE_NAME; `endpoint` is the base URL of the
    collector and wins over OTEL_EXPORTER_OTLP_ENDPOINT. `signing_key_id` and `signing_secret` (base64) sign what is
    sent, and go together. `asks_for_stream_usage`: OpenAI chat streams that would not report their usage are asked
    for it, and what that adds to the stream is taken out again. Raises ValueError for arguments that cannot be right, and nothing else: what fails is
    logged as `lensai`.
    """
    if (signing_key_id is None) != (signing_secret is None):
        raise ValueError("signing_key_id and signing_secret go together: give both or neither")
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Instrumented([], None)
    options = TelemetryOptions(service_name, endpoint, headers, signing_key_id, signing_secret)
    provider = start_sdk(options)
    observer = CallObserver(asks_for_stream_usage=asks_for_stream_usage)
    instrumented = Instrumented(_observe_transports(observer), provider)
    # Runs before the SDK's own end, which was registered before.
    atexit.register(instrumented.force_flush)
    return instrumented


def _observe_transports(observer: CallObserver) -> List[Callable[[], None]]:
    undone = [never_throw("observing urllib3", instrument_urllib3, observer)]
    for name in ("httpx", "httpx2"):
        module = _module(name)
        if module is not None:
            undone.append(never_throw(f"observing {name}", instrument_httpx, module, observer))
    return [undo for undo in undone if undo is not None]


def _module(name: str) -> Optional[ModuleType]:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
