from __future__ import annotations

import atexit
import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Callable, List, Mapping, Optional, Union

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from lensai._never_throw import never_throw
from lensai._telemetry import (
    TelemetryOptions,
    control_headers_of,
    control_url_of,
    environment_of_resource,
    session_of,
    start_sdk,
    variable,
)
from lensai.calls.attempt import CallObserver
from lensai.guard.guard import Guard
from lensai.guard.policy_source import ControlPolicySource, FilePolicy, PolicySource
from lensai.spans.call_span import CallSpan
from lensai.transports.httpx import instrument_httpx
from lensai.transports.urllib3 import instrument_botocore, instrument_urllib3

_FLUSH_LIMIT_MS = 2_000
"""A collector that is slow must not hold up the end of a process."""


class Instrumented:
    """What `configure` has set up."""

    def __init__(
        self,
        undo: List[Callable[[], None]],
        provider: Optional[TracerProvider],
        policy: Optional[PolicySource] = None,
    ) -> None:
        self._undo = undo
        self._provider = provider
        self._policy = policy

    @property
    def owns_sdk(self) -> bool:
        """Is it our OpenTelemetry SDK, and so ours to end?"""
        return self._provider is not None

    def wait_for_policy(self, timeout_seconds: float = 5.0) -> bool:
        """Until the collector was asked for the policy once; before that, calls are under none. False when that takes
        longer. True at once without a policy, and with one from a file.
        """
        return self._policy is None or self._policy.wait(timeout_seconds)

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
    policy_file: Union[str, "os.PathLike[str]", None] = None,
    policy_url: Optional[str] = None,
    environment: Optional[str] = None,
) -> Instrumented:
    """Observes the calls of models that this process makes from now on.

    Spans go to the tracer provider of the application, or to an OpenTelemetry SDK that is started here and reads the
    standard OTEL_* variables. `service_name` wins over OTEL_SERVICE_NAME; `endpoint` is the base URL of the
    collector and wins over OTEL_EXPORTER_OTLP_ENDPOINT. `signing_key_id` and `signing_secret` (base64) sign what is
    sent, and go together; LENSAI_SIGNING_KEY_ID, LENSAI_SIGNING_SECRET and LENSAI_API_KEY say the same. `asks_for_stream_usage`: OpenAI chat streams that would not report their usage are asked
    for it, and what that adds to the stream is taken out again.

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
    guard = Guard(environment=environment or environment_of_resource())
    policy = _policy_of(guard, policy_file, policy_url, options)
    observer = CallObserver(asks_for_stream_usage=asks_for_stream_usage, guard=guard)
    undo = _observe_transports(observer)
    if policy is not None:
        policy.start()
        undo.append(policy.stop)
    instrumented = Instrumented(undo, provider, policy)
    # Runs before the SDK's own end, which was registered before.
    atexit.register(instrumented.force_flush)
    return instrumented


def _policy_of(
    guard: Guard,
    policy_file: Union[str, "os.PathLike[str]", None],
    policy_url: Optional[str],
    options: TelemetryOptions,
) -> Optional[PolicySource]:
    if policy_file is not None and policy_url is not None:
        raise ValueError("policy_file and policy_url are two policies: give one of them")
    if policy_file is None and policy_url is None:
        policy_file = variable("LENSAI_POLICY_FILE")
    if policy_file is None:
        asked = policy_url or variable("LENSAI_CONTROL_URL")
        url = asked or control_url_of(options)
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("policy_url is not the URL of a collector, as http://localhost:4318/v1/control")
        headers = control_headers_of(options)
        return ControlPolicySource(
            guard, url, headers, session=session_of(options), is_asked_for=asked is not None
        )
    source = FilePolicy(guard, Path(policy_file))
    try:
        source.refresh()
    except OSError as error:
        raise ValueError(f"policy_file cannot be read: {error.strerror}") from error
    return source


def _observe_transports(observer: CallObserver) -> List[Callable[[], None]]:
    undone = [never_throw("observing urllib3", instrument_urllib3, observer)]
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
