from __future__ import annotations

from typing import Callable, Optional, TypeVar, Union, overload

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from lensai import _attributes as names
from lensai._attribution import attribution_of
from lensai._scope import INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION
from lensai._work import Work, WorkScope

F = TypeVar("F", bound=Callable[..., object])


class _Workflow(WorkScope):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def begin(self) -> Work:
        tracer = trace.get_tracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION)
        span = tracer.start_span(
            f"invoke_workflow {self._name}",
            attributes={
                names.OPERATION_NAME: "invoke_workflow",
                names.WORKFLOW_NAME: self._name,
                **attribution_of(),
            },
        )

        def end(error: Optional[BaseException]) -> None:
            # Only the kind of the error: its message may be content.
            if error is not None:
                span.set_attribute(names.ERROR_TYPE, type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return Work(trace.set_span_in_context(span), end)


@overload
def trace_llm(name: str) -> WorkScope: ...


@overload
def trace_llm(name: F) -> F: ...


def trace_llm(name: Union[str, F]) -> Union[WorkScope, F]:
    """One span (`invoke_workflow`) around a piece of work that calls models, with the calls below it.

    `with trace_llm("answer"):`, `async with trace_llm("answer"):`, `@trace_llm("answer")` or `@trace_llm` over
    functions, coroutines and generators of both kinds. Results and errors are the work's own, whatever happens to
    the span; of an error only its type is on the span.
    """
    if isinstance(name, str):
        return _Workflow(name)
    return _Workflow(getattr(name, "__name__", "work"))(name)
