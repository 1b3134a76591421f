"""Where the spans of a process go: to the tracer provider that the application has registered, or, when it has none,
to an OpenTelemetry SDK that is started here.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.util.re import parse_env_headers

from lensai.export.collector_session import CollectorSession
from lensai.export.signed_session import signed_session

_logger = logging.getLogger("lensai")

_COMPRESSION_NAMES = ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION")


@dataclass(frozen=True)
class TelemetryOptions:
    service_name: Optional[str]
    endpoint: Optional[str]
    headers: Optional[Mapping[str, str]]
    signing_key_id: Optional[str]
    signing_secret: Optional[str]
    api_key: Optional[str] = None

    @staticmethod
    def of(
        service_name: Optional[str],
        endpoint: Optional[str],
        headers: Optional[Mapping[str, str]],
        signing: Tuple[Optional[str], Optional[str]],
    ) -> TelemetryOptions:
        """With what the environment says where the arguments say nothing. Raises ValueError."""
        key_id, secret = signing
        if key_id is None and secret is None:
            key_id, secret = variable("LENSAI_SIGNING_KEY_ID"), variable("LENSAI_SIGNING_SECRET")
        # Whoever gives one of them does not want to send unsigned.
        if (key_id is None) != (secret is None):
            raise ValueError("the id of the signing secret and the secret belong together: give both or neither")
        return TelemetryOptions(service_name, endpoint, headers, key_id, secret, variable("LENSAI_API_KEY"))


def variable(name: str) -> Optional[str]:
    return os.environ.get(name, "").strip() or None


def control_url_of(options: TelemetryOptions) -> Optional[str]:
    """Where the collector that spans go to has its policy; None when nobody says which that is."""
    base = options.endpoint or variable("OTEL_EXPORTER_OTLP_ENDPOINT")
    return None if base is None else f"{base.rstrip('/')}/v1/control"


def control_headers_of(options: TelemetryOptions) -> Dict[str, str]:
    """What the exporter sends as well: an API key may be among it."""
    if options.headers is not None:
        return dict(options.headers)
    return dict(parse_env_headers(variable("OTEL_EXPORTER_OTLP_HEADERS") or "", liberal=True))


def resource_of(options: TelemetryOptions) -> Resource:
    """What produces the spans: that of the application's own tracer provider where it has one."""
    own = getattr(trace.get_tracer_provider(), "resource", None)
    return own if isinstance(own, Resource) else _resource(options)


def service_name_of(resource: Resource) -> str:
    return str(resource.attributes.get(SERVICE_NAME) or "unknown_service")


def environment_of(resource: Resource) -> Optional[str]:
    """The deployment environment; also that of OTEL_RESOURCE_ATTRIBUTES where the resource names none."""
    for attributes in (resource.attributes, Resource.create().attributes):
        for name in ("deployment.environment.name", "deployment.environment"):
            value = attributes.get(name)
            if isinstance(value, str) and value != "":
                return value
    return None


def has_tracer_provider() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def start_sdk(options: TelemetryOptions) -> Optional[TracerProvider]:
    """Registers an SDK, unless the application has one. Raises ValueError for a secret that cannot be one."""
    exporter = _exporter(options)
    if has_tracer_provider():
        return None
    provider = TracerProvider(resource=_resource(options))
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def session_of(options: TelemetryOptions) -> Optional[requests.Session]:
    """One that signs, or sends the API key; None where neither is asked for. Raises ValueError for a secret that cannot
    be one.
    """
    session: Optional[requests.Session] = None
    if options.signing_key_id is not None and options.signing_secret is not None:
        session = signed_session(options.signing_key_id, options.signing_secret)
    if options.api_key is not None:
        session = session or CollectorSession()
        # Headers of the single request win: a key that the user sends already.
        session.headers["x-api-key"] = options.api_key
    return session


def _resource(options: TelemetryOptions) -> Resource:
    named = {} if options.service_name is None else {SERVICE_NAME: options.service_name}
    return Resource.create(named)


def _exporter(options: TelemetryOptions) -> Optional[SpanExporter]:
    wanted = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    if wanted == "none":
        return None
    if wanted == "console":
        return ConsoleSpanExporter()
    if wanted != "otlp":
        _logger.warning("lensai: OTEL_TRACES_EXPORTER is %s; spans go out as OTLP/HTTP", wanted[:40])
    return _otlp_exporter(options)


def _otlp_exporter(options: TelemetryOptions) -> OTLPSpanExporter:
    arguments: Dict[str, Any] = {}
    if options.endpoint is not None:
        arguments["endpoint"] = f"{options.endpoint.rstrip('/')}/v1/traces"
    if options.headers is not None:
        arguments["headers"] = dict(options.headers)
    session = session_of(options)
    if session is not None:
        arguments["session"] = session
    if not any(os.environ.get(name) for name in _COMPRESSION_NAMES):
        arguments["compression"] = Compression.Gzip
    return OTLPSpanExporter(**arguments)
