"""Calls of language models as OpenTelemetry spans, observed on the wire, and stopped before they cost too much.

    import lensai
    lensai.configure(service_name="shop", endpoint="http://localhost:4318")

is all: every call that a provider's SDK makes from now on is a span. Nothing happens on import.
"""

from lensai._attribution import with_attribution
from lensai._configure import Instrumented, configure
from lensai._trace_llm import trace_llm
from lensai.guard.errors import BudgetExceededError, CallStoppedError, KillSwitchError, PolicyStaleError

__all__ = [
    "BudgetExceededError",
    "CallStoppedError",
    "Instrumented",
    "KillSwitchError",
    "PolicyStaleError",
    "configure",
    "trace_llm",
    "with_attribution",
]
