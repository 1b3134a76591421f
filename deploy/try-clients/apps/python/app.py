from opentelemetry import trace

# opentelemetry-instrument has set the SDK up from the environment.
attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 300,
}
with trace.get_tracer("try").start_as_current_span(
    "chat gpt-4o-mini", kind=trace.SpanKind.CLIENT, attributes=attributes
):
    pass
