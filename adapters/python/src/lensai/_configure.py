from __future__ import annotations

import atexit
import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, Optional, Union

import requests
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from lensai._never_throw import never_throw
from lensai._telemetry import (
    TelemetryOptions,
    control_headers_of,
    control_url_of,
    environment_of,
    resource_of,
    service_name_of,
    session_of,
    start_sdk,
    variable,
)
from lensai.calls.attempt import CallObserver
from lensai.content.content_capture import captures_content_by
from lensai.export.collector_session import CollectorSession
from lensai.guard.control_client import ControlClient
from lensai.guard.running_guard import GuardSettings, RunningGuard
from lensai.spans.call_span import CallSpan
from lensai.transports.aiohttp import instrument_aiohttp
from lensai.transports.httpx import instrument_httpx
from lensai.transports.urllib3 import instrument_botocore, instrument_urllib3

_FLUSH_LIMIT_MS = 2_000
"""A collector that is slow must not hold up the end of a process."""
_CHILD_EXIT_PRIORITY = 10
"""Before the program's own, which have none or 0: lower ones run later."""


class Instrumented:
    """What `configure` has set up."""

    def __init__(
        self,
        undo: List[Callable[[], None]],
        provider: Optional[TracerProvider],
        running: Optional[RunningGuard] = None,
    ) -> None:
        self._undo = undo
        self._provider = provider
        self._running = running

    @property
    def owns_sdk(self) -> bool:
        """Is it our OpenTelemetry SDK, and so ours to end?"""
        return self._provider is not None

    def wait_for_policy(self, timeout_seconds: float = 5.0) -> bool:
        """Until it is known whether there is a policy. False when that takes longer. True at once without a policy, and
        with one from a file. Nobody has to: calls wait for it themselves, for a second at most.
        """
        return self._running is None or self._running.wait(timeout_seconds)

    def force_flush(self) -> None:
        """Sends what there is, calls that are still open as far as they were read. Never raises."""
        CallSpan.abandon_all()
        provider = trace.get_tracer_provider()
        flush = getattr(provider, "force_flush", None)
        if callable(flush):
            never_throw("sending spans", flush, _FLUSH_LIMIT_MS)

    def shutdown(self) -> None:
        """Nothing is observed any longer; what there is is sent, what is left of leases goes back, and the SDK ends if it
        is ours. Never raises.
        """
        for undo in reversed(self._undo):
            never_throw("ending the observation", undo)
        self._undo = []
        CallSpan.abandon_all()
        if self._running is not None:
            self._running.stop()
        if self._provider is None:
            self.force_flush()
        else:
            never_throw("ending the SDK", self._provider.shutdown)

    def end_process(self) -> None:
        """At the end of a process, which nobody may have told us of."""
        self.force_flush()
        if self._running is not None:
            self._running.give_back()


def configure(
    *,
    service_name: Optional[str] = None,
    endpoint: Optional[str] = None,
    headers: Optional[Mapping[str, str]] = None,
    signing_key_id: Optional[str] = None,
    signing_secret: Optional[str] = None,
    asks_for_stream_usage: bool = True,
    captures_content: Optional[bool] = None,
    policy_file: Union[str, "os.PathLike[str]", None] = None,
    policy_url: Optional[str] = None,
    environment: Optional[str] = None,
) -> Instrumented:
    """Observes the calls of models that this process makes from now on.

    Spans go to the tracer provider of the application, or to an OpenTelemetry SDK that is started here and reads the
    standard OTEL_* variables. `service_name` wins over OTEL_SERVICE_NAME; `endpoint` is the base URL of the
    collector and wins over OTEL_EXPORTER_OTLP_ENDPOINT. `signing_key_id` and `signing_secret` (base64) sign what is
    sent, and go together; LENSAI_SIGNING_KEY_ID, LENSAI_SIGNING_SECRET and LENSAI_API_KEY say the same. `asks_for_stream_usage`: OpenAI chat streams that would not report their usage are asked
    for it, and what that adds to the stream is taken out again. `captures_content`: what models are asked and answer is put
    on spans, with secrets and personal data masked; where it is not given, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says
    so ("true" or "span_only"), and without that it is not.

    Budgets and kill-switches come from `policy_file` (LENSAI_POLICY_FILE), which is read again when it is written, or
    from `policy_url` (LENSAI_CONTROL_URL), a collector's `/v1/control`, which is asked with `headers`, and signed where
    exports are; where neither is given, from the collector that spans go to. `environment` is what scopes call so; the resource's
    `deployment.environment.name` when absent. Raises ValueError for arguments that cannot be right, and nothing else: what fails is
    logged as `lensai`.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Instrumented([], None)
    options = TelemetryOptions.of(service_name, endpoint, headers, (signing_key_id, signing_secret))
    provider = start_sdk(options)
    resource = resource_of(options)
    settings = GuardSettings(
        environment=environment or environment_of(resource),
        service_name=service_name_of(resource),
        **_policy_settings(policy_file, policy_url, options),
    )
    try:
        running = RunningGuard(settings)
    except OSError as error:
        raise ValueError(f"policy_file cannot be read: {error.strerror}") from error
    observer = CallObserver(
        asks_for_stream_usage=asks_for_stream_usage,
        captures_content=_captures_content() if captures_content is None else captures_content,
        guard=running.guard,
    )
    instrumented = Instrumented(_observe_transports(observer), provider, running)
    # Runs before the SDK's own end, which was registered before.
    atexit.register(instrumented.end_process)
    never_throw("following forks", _end_with_child_processes, instrumented)
    return instrumented


def _captures_content() -> bool:
    return captures_content_by(os.environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"))


def _policy_settings(
    policy_file: Union[str, "os.PathLike[str]", None], policy_url: Optional[str], options: TelemetryOptions
) -> Dict[str, Any]:
    """Where the policy comes from, of GuardSettings. Raises ValueError."""
    if policy_file is not None and policy_url is not None:
        raise ValueError("policy_file and policy_url are two policies: give one of them")
    if policy_file is None and policy_url is None:
        policy_file = variable("LENSAI_POLICY_FILE")
    if policy_file is not None:
        return {"policy_file": Path(policy_file)}
    asked = policy_url or variable("LENSAI_CONTROL_URL")
    url = asked or control_url_of(options)
    if url is None:
        return {}
    if not url.startswith(("http://", "https://")):
        raise ValueError("policy_url is not the URL of a collector, as http://localhost:4318/v1/control")

    def make_session() -> requests.Session:
        return session_of(options) or CollectorSession()

    client = ControlClient(url, control_headers_of(options), make_session)
    return {"client": client, "is_asked_for": asked is not None}


def _end_with_child_processes(instrumented: Instrumented) -> None:
    """Processes of `multiprocessing` end without what was registered for it, when they were forked off."""
    util = importlib.import_module("multiprocessing.util")

    def in_child(_: object) -> None:
        util.Finalize(None, instrumented.end_process, exitpriority=_CHILD_EXIT_PRIORITY)

    util.register_after_fork(instrumented, in_child)


def _observe_transports(observer: CallObserver) -> List[Callable[[], None]]:
    undone = [never_throw("observing urllib3", instrument_urllib3, observer)]
    aiohttp = _module("aiohttp")
    if aiohttp is not None:
        undone.append(never_throw("observing aiohttp", instrument_aiohttp, aiohttp, observer))
    for name in ("httpx", "httpx2"):
        module = _module(name)
        if module is not None:
            undone.append(never_throw(f"observing {name}", instrument_httpx, module, observer))
    botocore = _module("botocore.httpsession")
    if botocore is not None:
        undone.append(never_throw("observing botocore", instrument_botocore, botocore.URLLib3Session))
    return [undo for undo in undone if undo is not None]


def _module(name: str) -> Optional[ModuleType]:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
