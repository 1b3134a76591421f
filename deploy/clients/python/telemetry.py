"""Starts whichever instrumentation is installed, sending OTLP where the standard variables say."""

import os
from importlib import import_module
from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from scenario import has

SERVICE_NAME = "client-python"
OTLP_URL = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]

# Read when their packages are imported.
os.environ.update(
    {
        # Lists of prices come with the packages; otherwise they are fetched.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "GOOGLE_API_KEY": "none",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS": "true",
    }
)

INSTRUMENTORS = {
    "openinference.instrumentation.openai": "OpenAIInstrumentor",
    "openinference.instrumentation.anthropic": "AnthropicInstrumentor",
    "openinference.instrumentation.bedrock": "BedrockInstrumentor",
    "openinference.instrumentation.google_genai": "GoogleGenAIInstrumentor",
    "openinference.instrumentation.vertexai": "VertexAIInstrumentor",
    "openinference.instrumentation.langchain": "LangChainInstrumentor",
    "openinference.instrumentation.openai_agents": "OpenAIAgentsInstrumentor",
    "openinference.instrumentation.llama_index": "LlamaIndexInstrumentor",
    "openinference.instrumentation.agno": "AgnoInstrumentor",
    "openinference.instrumentation.smolagents": "SmolagentsInstrumentor",
    "openinference.instrumentation.haystack": "HaystackInstrumentor",
    "openinference.instrumentation.dspy": "DSPyInstrumentor",
    "openinference.instrumentation.crewai": "CrewAIInstrumentor",
    "openinference.instrumentation.cohere": "CohereInstrumentor",
    "openinference.instrumentation.groq": "GroqInstrumentor",
    "openinference.instrumentation.mistralai": "MistralAIInstrumentor",
    "openinference.instrumentation.ollama": "OllamaInstrumentor",
    "openinference.instrumentation.together": "TogetherInstrumentor",
    "openinference.instrumentation.autogen_agentchat": "AutogenAgentChatInstrumentor",
    "openinference.instrumentation.instructor": "InstructorInstrumentor",
    "openinference.instrumentation.portkey": "PortkeyInstrumentor",
    "openinference.instrumentation.litellm": "LiteLLMInstrumentor",
    "openinference.instrumentation.beeai": "BeeAIInstrumentor",
    "opentelemetry.instrumentation.openai_v2": "OpenAIInstrumentor",
    "opentelemetry.instrumentation.google_genai": "GoogleGenAiSdkInstrumentor",
    "opentelemetry.instrumentation.botocore": "BotocoreInstrumentor",
    # OpenLLMetry's.
    "opentelemetry.instrumentation.openai": "OpenAIInstrumentor",
    "opentelemetry.instrumentation.anthropic": "AnthropicInstrumentor",
    "opentelemetry.instrumentation.google_generativeai": "GoogleGenerativeAiInstrumentor",
    "opentelemetry.instrumentation.vertexai": "VertexAIInstrumentor",
    "opentelemetry.instrumentation.bedrock": "BedrockInstrumentor",
    "opentelemetry.instrumentation.langchain": "LangchainInstrumentor",
    "opentelemetry.instrumentation.cohere": "CohereInstrumentor",
    "opentelemetry.instrumentation.groq": "GroqInstrumentor",
    "opentelemetry.instrumentation.mistralai": "MistralAiInstrumentor",
    "opentelemetry.instrumentation.ollama": "OllamaInstrumentor",
    "opentelemetry.instrumentation.together": "TogetherAiInstrumentor",
    "opentelemetry.instrumentation.openai_agents": "OpenAIAgentsInstrumentor",
}


def start_telemetry():
    """Whatever is to be flushed and shut down in the end."""
    if has("agents"):
        # Otherwise its runs are also sent to OpenAI.
        import_module("agents").set_trace_processors([])
    if WITH_LANGSMITH:
        return start_langsmith()
    own = next((start for package, start in OWN_PIPELINES.items() if has(package)), start_standard)
    return own()


def start_standard():
    resource = Resource({"service.name": SERVICE_NAME})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    metering = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    metrics.set_meter_provider(metering)
    for module, name in INSTRUMENTORS.items():
        if has(module):
            getattr(import_module(module), name)().instrument()
    if has("agent_framework"):
        import_module("agent_framework.observability").enable_instrumentation()
    return [tracing, metering]


def start_lensai():
    import lensai

    return [lensai.configure(service_name=SERVICE_NAME)]


def start_langfuse():
    import langfuse

    client = langfuse.Langfuse(public_key="pk-none", secret_key="sk-none", base_url=OTLP_URL)
    # Takes the place of the module openai.
    import_module("langfuse.openai")
    return [client]


def start_logfire():
    import logfire

    # A recording says nothing about the machine that it was made on.
    unnamed = {"host.name": "client", "host.id": "none", "os.version": "none"}
    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_name=SERVICE_NAME,
        resource_attributes=unnamed,
    )
    if has("agents"):
        logfire.instrument_openai_agents()
        return [logfire]
    logfire.instrument_openai()
    logfire.instrument_anthropic()
    return [logfire]


def start_openlit():
    import openlit

    # Its own list of prices is fetched from the network.
    openlit.init(application_name=SERVICE_NAME, otlp_endpoint=OTLP_URL, pricing_json={})
    return [trace.get_tracer_provider(), metrics.get_meter_provider()]


def start_mlflow():
    import mlflow

    os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = f"{OTLP_URL}/v1/traces"
    mlflow.openai.autolog()
    mlflow.anthropic.autolog()
    return []


def start_langsmith():
    # Read when its modules are imported.
    os.environ.update(
        {
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_OTEL_ENABLED": "true",
            "LANGSMITH_OTEL_ONLY": "true",
            "LANGSMITH_API_KEY": "none",
            "LANGSMITH_ENDPOINT": OTLP_URL,
        }
    )
    providers = start_standard()
    return [Waiter(import_module("langchain_core.tracers.langchain").wait_for_all_tracers), *providers]


class Waiter:
    """Something that is sent by threads of its own."""

    def __init__(self, wait):
        self.flush = wait

    def shutdown(self):
        pass


def start_lmnr():
    from lmnr import Laminar

    url = urlsplit(OTLP_URL)
    Laminar.initialize(
        project_api_key="none",
        base_url=f"{url.scheme}://{url.hostname}",
        http_port=url.port,
        force_http=True,
    )
    return [Laminar]


# Packages that build exporters by themselves.
OWN_PIPELINES = {
    "lmnr": start_lmnr,
    "lensai": start_lensai,
    "langfuse": start_langfuse,
    "logfire": start_logfire,
    "openlit": start_openlit,
    "mlflow": start_mlflow,
}
WITH_LANGSMITH = os.path.basename(os.getcwd()).endswith("langsmith")

