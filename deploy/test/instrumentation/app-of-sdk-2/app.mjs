// An application with OpenTelemetry's SDK 2 and a copy of the API of its own, older than that of the instrumentation. It
// prints its spans. With arguments it sets up the instrumentation itself, behind its SDK.
import { context, propagation } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";

const [, , configurePath] = process.argv;

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
if (configurePath !== undefined) {
  const { configure } = await import(configurePath);
  configure();
}

const baggage = propagation.createBaggage({ "user.id": { value: "ann" } });
const around = propagation.setBaggage(context.active(), baggage);
await context.with(around, () =>
  provider.getTracer("app").startActiveSpan("parent", async (span) => {
    const answer = await fetch(`${process.env.PROVIDER_URL}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "Hi" }] }),
    });
    await answer.json();
    span.end();
  }),
);
await provider.forceFlush();
const spans = exporter.getFinishedSpans().map((span) => ({
  name: span.name,
  attributes: span.attributes,
  spanId: span.spanContext().spanId,
  parentSpanId: span.parentSpanContext?.spanId,
}));
console.log(JSON.stringify(spans));
