from __future__ import annotations

from typing import Dict, Generic, List, Mapping, Tuple, TypeVar

T = TypeVar("T")

Values = Mapping[str, str]
"""What a call is, in the words of scopes; what is not known is absent."""


class ScopeIndex(Generic[T]):
    """Which rules a call is under, by their scopes. Ten thousand budgets of single users cost one look-up: rules that
    ask for the same attributes are found by the values of those.
    """

    def __init__(self) -> None:
        self._exact: Dict[Tuple[str, ...], Dict[Tuple[str, ...], List[T]]] = {}
        self._prefixed: List[Tuple[str, Values, T]] = []

    def add(self, scope: Values, rule: T) -> None:
        model = scope.get("model", "")
        if model.endswith("*"):
            rest = {key: value for key, value in scope.items() if key != "model"}
            self._prefixed.append((model[:-1], rest, rule))
            return
        keys = tuple(sorted(scope))
        by_values = self._exact.setdefault(keys, {})
        by_values.setdefault(tuple(scope[key] for key in keys), []).append(rule)

    def match(self, values: Values) -> List[T]:
        """Those whose values the call has all of."""
        found: List[T] = []
        for keys, by_values in self._exact.items():
            found.extend(by_values.get(tuple(values.get(key, "") for key in keys), ()))
        model = values.get("model")
        if model is not None:
            found.extend(
                rule
                for prefix, rest, rule in self._prefixed
                if model.startswith(prefix) and all(values.get(key) == value for key, value in rest.items())
            )
        return found
