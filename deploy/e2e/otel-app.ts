/**
 * An app as users have it: the published OpenTelemetry SDK, nothing of ours, configured by OTEL_EXPORTER_OTLP_ENDPOINT
 * alone. Prints the time (ms since the epoch) at which the export was acknowledged.
 */
import { SpanKind, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK({ serviceName: "e2e-app" });
sdk.start();
const span = trace.getTracer("e2e").startSpan("chat gpt-4o-mini", {
  kind: SpanKind.CLIENT,
  attributes: {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1_000_000,
    "gen_ai.usage.output_tokens": 100_000,
    "user.id": "first-user",
  },
});
span.end();
await sdk.shutdown();
process.stdout.write(`${Date.now()}\n`);
