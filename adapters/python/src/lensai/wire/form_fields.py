from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional

FormFields = Mapping[str, Optional[str]]
"""The fields of a form by name: their text, or None for a file."""

_BOUNDARY = re.compile(rb"--[^\r\n]{1,70}(?=\r\n)")
_PART_NAME = re.compile(r'^content-disposition:.*?[; ]name="([^"]*)"', re.IGNORECASE | re.MULTILINE)
_FILE_NAME = re.compile(r"^content-disposition:.*?[; ]filename\*?=", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_HEAD_END = b"\r\n\r\n"


def form_fields_of(body: bytes) -> Optional[FormFields]:
    """The fields of a body of type multipart/form-data (RFC 7578); None when it is something else."""
    boundary = _BOUNDARY.match(body)
    if boundary is None:
        return None
    fields: Dict[str, Optional[str]] = {}
    for part in body.split(boundary.group()):
        head, _, rest = part.partition(_HEAD_END)
        text = head.decode("utf-8", "replace")
        name = _PART_NAME.search(text)
        if name is None:
            continue
        # The line end before the next boundary belongs to the boundary.
        value = rest[: -len(b"\r\n")].decode("utf-8", "replace")
        fields[name.group(1)] = None if _FILE_NAME.search(text) else value
    return fields


def request_of_form(form: FormFields) -> Dict[str, Any]:
    """The same request in JSON: a form has only texts, where the API means numbers and booleans."""
    return {name: _typed(value) for name, value in form.items()}


def _typed(value: Optional[str]) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if value is None or _NUMBER.fullmatch(value) is None:
        return value
    return float(value) if "." in value else int(value)
