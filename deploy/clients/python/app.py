"""Makes the calls of a scenario with the Python SDKs, under whichever instrumentation is installed."""

import asyncio
import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SCENARIO = sys.argv[1]
PROVIDER_URL = os.environ["PROVIDER_URL"]
DATA = json.loads((Path(__file__).parent.parent / "shared" / "steps.json").read_text())
MODELS = DATA["models"]
TOOL_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PAUSE_S = 0.06


def start_telemetry():
    resource = Resource({"service.name": "client-python"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    metering = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    metrics.set_meter_provider(metering)
    for instrumentor in instrumentors():
        instrumentor.instrument()
    return tracing, metering


def has(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def instrumentors():
    if has("openinference.instrumentation.openai"):
        from openinference.instrumentation.openai import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("opentelemetry.instrumentation.openai_v2"):
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("opentelemetry.instrumentation.openai"):
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor

        yield OpenAIInstrumentor()
    if has("opentelemetry.instrumentation.anthropic"):
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

        yield AnthropicInstrumentor()


async def read_stream(stream, step):
    async for _ in stream:
        if step.get("aborts"):
            await stream.close()
            break


def openai_step():
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="sk-none", base_url=f"{PROVIDER_URL}/v1", max_retries=1)
    tools = [{"type": "function", "function": {"name": DATA["tool"]["name"], "parameters": TOOL_SCHEMA}}]

    async def run(step):
        if step.get("api") == "embeddings":
            await client.embeddings.create(model=MODELS["embedding"], input=step["prompt"])
            return
        if step.get("api") == "responses":
            request = {"model": MODELS["chat"], "input": step["prompt"]}
            create = client.responses.create
        else:
            request = {
                "model": MODELS["chat"],
                "messages": [{"role": "user", "content": step["prompt"]}],
                **({"tools": tools} if step.get("withTool") else {}),
            }
            create = client.chat.completions.create
            if step.get("stream") == "usage":
                request["stream_options"] = {"include_usage": True}
        if step.get("stream") is None:
            await create(**request)
        else:
            await read_stream(await create(**request, stream=True), step)

    return run


def anthropic_step():
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key="sk-ant-none", base_url=PROVIDER_URL, max_retries=1)
    tools = [{"name": DATA["tool"]["name"], "description": "weather", "input_schema": TOOL_SCHEMA}]

    async def run(step):
        cache_control = {"type": "ephemeral", **({"ttl": step["ttl"]} if "ttl" in step else {})}
        request = {
            "model": MODELS["claude"],
            "max_tokens": 400,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": cache_control}],
            "messages": [{"role": "user", "content": step["prompt"]}],
            **({"tools": tools} if step.get("withTool") else {}),
        }
        if step.get("stream") is None:
            await client.messages.create(**request)
        else:
            await read_stream(await client.messages.create(**request, stream=True), step)

    return run


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
    run = anthropic_step() if SCENARIO.startswith("anthropic") else openai_step()
    for name in DATA["scenarios"][SCENARIO]:
        step = DATA["steps"][name]
        await asyncio.gather(*(attempt(name, step, run) for _ in range(step.get("times", 1))))
        time.sleep(PAUSE_S)


providers = start_telemetry()
asyncio.run(main())
for provider in providers:
    provider.force_flush()
    provider.shutdown()
