import { createRequire } from "node:module";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const openlit = require("openlit");
const { otlpUrl, providerUrl, scenario } = settings;
openlit.default.init({
  applicationName: "client-openlit",
  environment: "test",
  otlpEndpoint: otlpUrl,
  // Its own list is fetched from the network.
  pricingJson: { chat: {}, embeddings: {} },
});

function stepOf() {
  if (scenario.startsWith("anthropic")) {
    const Anthropic = require("@anthropic-ai/sdk");
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  }
  const OpenAI = require("openai");
  return openAiStep(new OpenAI(openAiOptions(providerUrl)));
}

await runScenario(stepOf());
// It has no call that flushes: its exporters send on their own clock, and when the process ends.
const { trace, metrics } = require("@opentelemetry/api");
const { logs } = require("@opentelemetry/api-logs");
const providers = [trace.getTracerProvider(), metrics.getMeterProvider(), logs.getLoggerProvider()];
for (const provider of providers) {
  const real = provider.getDelegate?.() ?? provider;
  await real.forceFlush?.();
}
process.exit(0);
