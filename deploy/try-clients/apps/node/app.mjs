import { SpanKind, trace } from "@opentelemetry/api";

// The SDK itself was started by --import and reads its settings from the environment.
const span = trace.getTracer("try").startSpan("chat gpt-4o-mini", {
  kind: SpanKind.CLIENT,
  attributes: {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 300,
  },
});
span.end();
