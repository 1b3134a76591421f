import { createRequire } from "node:module";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
import { geminiStep } from "../shared/gemini-steps.mjs";
import { langChainPackage, langChainStep } from "../shared/langchain-steps.mjs";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

// Hooks require(): started before anything that it is to patch is loaded.
const require = createRequire(import.meta.url);
const traceloop = require("@traceloop/node-server-sdk");
const { otlpUrl, providerUrl, scenario } = settings;
traceloop.initialize({
  appName: "client-openllmetry",
  apiKey: "none",
  baseUrl: otlpUrl,
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
});

function stepOf() {
  if (scenario.startsWith("anthropic")) {
    const Anthropic = require("@anthropic-ai/sdk");
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  }
  if (scenario.startsWith("gemini")) return geminiStep(require("@google/genai"), providerUrl);
  if (scenario.startsWith("langchain")) {
    return langChainStep(require(langChainPackage()), providerUrl);
  }
  const OpenAI = require("openai");
  return openAiStep(new OpenAI(openAiOptions(providerUrl)));
}

await runScenario(stepOf());
await traceloop.forceFlush();
process.exit(0);
