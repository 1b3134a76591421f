from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Generic, List, Mapping, Tuple, TypeVar

T = TypeVar("T")

SCOPE_KEYS = (
    "apiKey",
    "environment",
    "feature",
    "model",
    "provider",
    "route",
    "team",
    "tenant",
    "user",
)
"""What budgets and kill-switches can be about, besides their project."""

Values = Mapping[str, str]
"""What a call is, in the words of scopes; what is not known is absent."""


@dataclass
class _Node(Generic[T]):
    rules: List[T] = field(default_factory=list)
    edges: Dict[str, _Edge[T]] = field(default_factory=dict)
    """By the attribute that rules below this node ask for."""


@dataclass
class _Edge(Generic[T]):
    exact: Dict[str, _Node[T]] = field(default_factory=dict)
    prefixes: List[Tuple[str, _Node[T]]] = field(default_factory=list)


class ScopeIndex(Generic[T]):
    """Which rules a call is under, by their scopes. A tree with one level per attribute that is asked for, in the order of
    SCOPE_KEYS: ten thousand budgets of single users cost one look-up.
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, scope: Values, rule: T) -> None:
        node = self._root
        for key in SCOPE_KEYS:
            if key in scope:
                node = _child_of(node.edges.setdefault(key, _Edge()), key, scope[key])
        node.rules.append(rule)

    def match(self, values: Values) -> List[T]:
        """Those whose values the call has all of."""
        found: List[T] = []
        _collect(self._root, values, found)
        return found


def _child_of(edge: _Edge[T], key: str, value: str) -> _Node[T]:
    """Scopes end in `*` where they mean a beginning; only models do."""
    if key != "model" or not value.endswith("*"):
        return edge.exact.setdefault(value, _Node())
    prefix = value[:-1]
    for known, node in edge.prefixes:
        if known == prefix:
            return node
    below: _Node[T] = _Node()
    edge.prefixes.append((prefix, below))
    return below


def _collect(node: _Node[T], values: Values, found: List[T]) -> None:
    found.extend(node.rules)
    for key, edge in node.edges.items():
        value = values.get(key)
        if value is None:
            continue
        child = edge.exact.get(value)
        if child is not None:
            _collect(child, values, found)
        for prefix, below in edge.prefixes:
            if value.startswith(prefix):
                _collect(below, values, found)
