from __future__ import annotations

import json
import logging
from typing import Any

from lensai._never_throw import report
from lensai.guard.policy import PolicyError

_logger = logging.getLogger("lensai")

POLICY_BYTES_MAX = 16 * 1024 * 1024
"""A policy of tens of thousands of budgets."""


class PolicyProblems:
    """What is wrong with where the policy comes from, said once per problem."""

    def __init__(self, level: int = logging.WARNING) -> None:
        self._level = level
        self._last = ""

    def clear(self) -> None:
        self._last = ""

    def tell(self, error: BaseException) -> None:
        """Messages of other errors may quote what was being read."""
        if isinstance(error, PolicyError):
            problem = f"the policy is not used: {error}"
        else:
            problem = f"the policy could not be asked for ({type(error).__name__})"
        if problem == self._last:
            return
        self._last = problem
        try:
            _logger.log(self._level, "lensai: %s; the last one stays in force", problem)
        except Exception as failure:
            report("logging", failure)


def policy_document(data: bytes) -> Any:
    """Raises PolicyError."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise PolicyError("the policy is not JSON") from None
