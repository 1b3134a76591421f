import OpenAI from "openai";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { langChainStep } from "../shared/langchain-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl, scenario } = settings;
// Read when its modules are loaded.
Object.assign(process.env, {
  LANGSMITH_TRACING: "true",
  LANGSMITH_OTEL_ENABLED: "true",
  LANGSMITH_API_KEY: "none",
  LANGSMITH_ENDPOINT: otlpUrl,
  OTEL_EXPORTER_OTLP_ENDPOINT: `${otlpUrl}/otel`,
});
const { initializeOTEL } = await import("langsmith/experimental/otel/setup");
const { DEFAULT_LANGSMITH_SPAN_PROCESSOR, DEFAULT_LANGSMITH_TRACER_PROVIDER } = initializeOTEL();

async function stepOf() {
  if (scenario.startsWith("langchain")) {
    return langChainStep(await import("@langchain/openai"), providerUrl);
  }
  const { wrapOpenAI } = await import("langsmith/wrappers");
  return openAiStep(wrapOpenAI(new OpenAI(openAiOptions(providerUrl))));
}

await runScenario(await stepOf());
if (scenario.startsWith("langchain")) {
  const { awaitAllCallbacks } = await import("@langchain/core/callbacks/promises");
  await awaitAllCallbacks();
}
await DEFAULT_LANGSMITH_SPAN_PROCESSOR.forceFlush();
await DEFAULT_LANGSMITH_TRACER_PROVIDER.shutdown();
