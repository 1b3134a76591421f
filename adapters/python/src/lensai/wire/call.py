from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Union
from urllib.parse import unquote, urlsplit

from lensai.wire.form_fields import FormFields, form_fields_of, request_of_form
from lensai.wire.json_path import exportable, is_false_at, is_true_at, parse_json, text_at, values_at
from lensai.wire.tables import UsageTable, WireApi, wire_tables

RequestValue = Union[str, int, float, bool, List[str]]

REQUEST_BYTES_MAX = 4 * 1024 * 1024
"""Longer requests are not parsed: it would hold up the application. Their model comes with the answer."""

_DEFAULT_PORTS = {"http": 80, "https": 443}

_LIST_ATTRIBUTES = frozenset(["gen_ai.request.encoding_formats", "gen_ai.request.stop_sequences"])
"""Lists by the conventions, though some APIs take one text."""


@dataclass(frozen=True)
class WireCall:
    """A call of a model, as far as its request tells."""

    api: WireApi
    provider: str
    usage: UsageTable
    model: Optional[str]
    is_stream: bool
    server_address: str
    server_port: int
    parameters: Mapping[str, RequestValue]
    """What is asked of the model, as span attributes."""
    lacks_stream_usage: bool
    """Its usage must be asked for, and the caller did not."""
    request: Optional[Mapping[str, Any]] = field(repr=False, default=None)
    """The request's JSON; None where it could not be read."""
    is_at_known_host: bool = False
    """It goes to the provider itself, and to no gateway or server of one's own."""


def recognise_call(
    method: str, url: str, body: Optional[bytes], form: Optional[FormFields] = None
) -> Optional[WireCall]:
    """Is it a call of a model? Known hosts are trusted. At any other host (a gateway, a server of one's own) the body
    must look like the API's. `body` is None when it cannot be read without disturbing the caller; `form` has the
    fields of a form that is the body.
    """
    tables = wire_tables()
    parts = urlsplit(url)
    api = tables.api_at_path(method, parts.path)
    if api is None:
        return None
    address = _address(parts.hostname or "")
    host = tables.host_of(_host_with_port(parts.scheme, address, parts.port))
    request = _parsed(body) if form is None else request_of_form(form)
    if host is None and not _has_shape(api, request):
        return None
    usage_name = api.usage if host is None else host.usage.get(api.usage, api.usage)
    usage = tables.usage.get(usage_name)
    if usage is None:
        return None
    match = api.path.search(parts.path)
    groups = match.groupdict() if match else {}
    is_stream = groups.get("stream") is not None or _is_asked_to_stream(api, request)
    may_ask = host is None or not host.has_no_stream_usage_option
    model = text_at(request, api.request.get("model", []))
    if model is None and groups.get("model") is not None:
        model = unquote(groups["model"])
    return WireCall(
        api=api,
        usage=usage,
        provider=api.provider if host is None else host.provider,
        model=model,
        is_stream=is_stream,
        server_address=address,
        server_port=parts.port or _DEFAULT_PORTS.get(parts.scheme, 443),
        parameters=_parameters_of(api, request),
        lacks_stream_usage=is_stream and may_ask and _lacks_stream_usage(api, request),
        request=request,
        is_at_known_host=host is not None,
    )


def call_of_answer(api_name: str, url: str, model: Optional[str] = None) -> Optional[WireCall]:
    """The call of an API at the address, whose answer is fetched there and whose request is not known."""
    tables = wire_tables()
    api = tables.api_named(api_name)
    if api is None:
        return None
    parts = urlsplit(url)
    address = _address(parts.hostname or "")
    host = tables.host_of(_host_with_port(parts.scheme, address, parts.port))
    usage = tables.usage.get(api.usage if host is None else host.usage.get(api.usage, api.usage))
    if usage is None:
        return None
    return WireCall(
        api=api,
        usage=usage,
        provider=api.provider if host is None else host.provider,
        model=model,
        is_stream=False,
        server_address=address,
        server_port=parts.port or _DEFAULT_PORTS.get(parts.scheme, 443),
        parameters={},
        lacks_stream_usage=False,
    )


def _address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _host_with_port(scheme: str, host: str, port: Optional[int]) -> str:
    return host if port is None or port == _DEFAULT_PORTS.get(scheme) else f"{host}:{port}"


def _parsed(body: Optional[bytes]) -> Optional[Dict[str, Any]]:
    if body is None or len(body) > REQUEST_BYTES_MAX:
        return None
    form = form_fields_of(body)
    if form is not None:
        return request_of_form(form)
    try:
        value = parse_json(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _has_shape(api: WireApi, request: Optional[Mapping[str, Any]]) -> bool:
    """A model in the path stands for one in the body."""
    return request is not None and all(any(name in request for name in names) for names in api.shape)


def _is_asked_to_stream(api: WireApi, request: Optional[Mapping[str, Any]]) -> bool:
    paths = api.request.get("stream", [])
    if api.request.get("isStreamByDefault", False):
        return not any(is_false_at(request, path) for path in paths)
    return any(is_true_at(request, path) for path in paths)


def _lacks_stream_usage(api: WireApi, request: Optional[Mapping[str, Any]]) -> bool:
    if not api.has_stream_usage_option or request is None:
        return False
    return not is_true_at(request, "stream_options.include_usage")


def _parameters_of(api: WireApi, request: Optional[Mapping[str, Any]]) -> Dict[str, RequestValue]:
    found: Dict[str, RequestValue] = {}
    for name, paths in api.request["attributes"].items():
        for path in paths:
            value: Any = next(iter(values_at(request, path)), None)
            if not _is_request_value(value):
                continue
            listed = [value] if name in _LIST_ATTRIBUTES and not isinstance(value, list) else value
            found[name] = _exportable(listed)
            break
    return found


def _exportable(value: RequestValue) -> RequestValue:
    if isinstance(value, list):
        return [exportable(each) for each in value]
    return exportable(value) if isinstance(value, str) else value


def _is_request_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    # OTLP has no other integers.
    return isinstance(value, (str, float)) or (isinstance(value, int) and -(2**63) <= value < 2**63)
