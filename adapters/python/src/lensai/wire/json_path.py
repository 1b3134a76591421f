"""Where a value is in a JSON document: keys with dots between them; `list[]` goes on in every element of the list,
so that one path can lead to several values.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, List, Optional, Sequence, Tuple, Union


def parse_json(text: Union[str, bytes]) -> Any:
    """JSON as the standard has it. Raises ValueError for everything else, NaN and bottomless nesting too."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


@lru_cache(maxsize=1024)
def _steps_of(path: str) -> Tuple[Tuple[str, bool], ...]:
    return tuple((step[:-2], True) if step.endswith("[]") else (step, False) for step in path.split("."))


def values_at(document: Any, path: str) -> List[Any]:
    """Every value that the path leads to; none when there is no such place. JSON's null is a value."""
    found = [document]
    for key, is_list in _steps_of(path):
        following: List[Any] = []
        for value in found:
            if not isinstance(value, dict) or key not in value:
                continue
            member = value[key]
            if not is_list:
                following.append(member)
            elif isinstance(member, list):
                following.extend(member)
        if not following:
            return following
        found = following
    return found


def value_at(document: Any, path: str) -> Any:
    """The first value that the path leads to; None when there is none, or it is JSON's null."""
    return next(iter(values_at(document, path)), None)


def is_true_at(document: Any, path: str) -> bool:
    return any(value is True for value in values_at(document, path)[:1])


def is_false_at(document: Any, path: str) -> bool:
    return any(value is False for value in values_at(document, path)[:1])


def text_at(document: Any, paths: Sequence[str]) -> Optional[str]:
    """The first text that one of the paths leads to; an empty one says nothing."""
    for path in paths:
        for value in values_at(document, path):
            if isinstance(value, str) and value != "":
                return exportable(value)
    return None


def exportable(text: str) -> str:
    """JSON can name halves of surrogate pairs, which no UTF-8 has: a span with one would stop the whole export."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def texts_at(document: Any, paths: Sequence[str]) -> List[str]:
    """All texts of all paths, in order."""
    return [value for path in paths for value in values_at(document, path) if isinstance(value, str)]
