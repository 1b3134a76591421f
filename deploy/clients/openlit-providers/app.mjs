import { createRequire } from "node:module";
import { cohereStep } from "../shared/cohere-steps.mjs";
import { mistralStep } from "../shared/mistral-steps.mjs";
import { ollamaStep } from "../shared/ollama-steps.mjs";
import { openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const openlit = require("openlit");
const { otlpUrl, providerUrl, scenario } = settings;
openlit.default.init({
  applicationName: "client-openlit-providers",
  environment: "test",
  otlpEndpoint: otlpUrl,
  // Its own list is fetched from the network.
  pricingJson: { chat: {}, embeddings: {} },
});

const STEPS = {
  cohere: () => cohereStep(require("cohere-ai"), providerUrl),
  groq: () => {
    const { Groq } = require("groq-sdk");
    return openAiStep(new Groq({ apiKey: "none", baseURL: providerUrl, maxRetries: 1 }));
  },
  mistral: () => mistralStep(require("@mistralai/mistralai"), providerUrl),
  ollama: () => ollamaStep(require("ollama"), providerUrl),
  together: () => {
    const { Together } = require("together-ai");
    const baseURL = `${providerUrl}/v1`;
    return openAiStep(new Together({ apiKey: "none", baseURL, maxRetries: 1 }));
  },
};

await runScenario(STEPS[scenario.split("-", 1)[0]]());
// It has no call that flushes: its exporters send on their own clock, and when the process ends.
const { trace, metrics } = require("@opentelemetry/api");
const { logs } = require("@opentelemetry/api-logs");
const providers = [trace.getTracerProvider(), metrics.getMeterProvider(), logs.getLoggerProvider()];
for (const provider of providers) {
  const real = provider.getDelegate?.() ?? provider;
  await real.forceFlush?.();
}
process.exit(0);
