"""Makes the calls of a scenario with the Python SDKs, under whichever instrumentation is installed."""

import asyncio
import sys
import time

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from steps import DATA, has, step_of

SCENARIO = sys.argv[1]
PAUSE_S = 0.06


def start_telemetry():
    if has("lensai"):
        import lensai

        return [lensai.configure(service_name="client-python")]
    resource = Resource({"service.name": "client-python"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    metering = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    metrics.set_meter_provider(metering)
    for instrumentor in instrumentors():
        instrumentor.instrument()
    return tracing, metering


def instrumentors():
    if has("openinference.instrumentation.openai"):
        from openinference.instrumentation.openai import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("openinference.instrumentation.langchain"):
        from openinference.instrumentation.langchain import LangChainInstrumentor

        yield LangChainInstrumentor()
    if has("opentelemetry.instrumentation.openai_v2"):
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("opentelemetry.instrumentation.openai"):
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("opentelemetry.instrumentation.anthropic"):
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

        yield AnthropicInstrumentor()


async def attempt(name, step, run):
    expected = step.get("fails") or step.get("aborts")
    try:
        await run(step)
    except Exception as error:
        if not expected:
            print(f"    step {name}: {type(error).__name__}: {str(error)[:200]}", flush=True)
        return
    if step.get("fails"):
        print(f"    step {name}: no error reached the application", flush=True)


async def main():
    run = step_of(SCENARIO)
    for name in DATA["scenarios"][SCENARIO]:
        step = DATA["steps"][name]
        await asyncio.gather(*(attempt(name, step, run) for _ in range(step.get("times", 1))))
        time.sleep(PAUSE_S)


providers = start_telemetry()
asyncio.run(main())
for provider in providers:
    provider.force_flush()
    provider.shutdown()
