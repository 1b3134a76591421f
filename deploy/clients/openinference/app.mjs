import { createRequire } from "node:module";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
import { langChainPackage, langChainStep } from "../shared/langchain-steps.mjs";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const sdk = new NodeSDK({ serviceName: "client-openinference", autoDetectResources: false });
sdk.start();

const scope = "@arizeai/openinference-instrumentation-";
const { scenario, providerUrl } = settings;

/** Patches a module that is loaded already: no hook of a loader is needed. */
function instrument(name, className, module) {
  const { [className]: Instrumentation } = require(`${scope}${name}`);
  new Instrumentation().manuallyInstrument(module);
}

async function stepOf() {
  const OpenAI = require("openai");
  if (scenario.startsWith("anthropic")) {
    const Anthropic = require("@anthropic-ai/sdk");
    instrument("anthropic", "AnthropicInstrumentation", Anthropic);
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  }
  if (scenario.startsWith("openai") || scenario.startsWith("langchain-on-openai")) {
    instrument("openai", "OpenAIInstrumentation", OpenAI);
  }
  if (!scenario.startsWith("langchain")) return openAiStep(new OpenAI(openAiOptions(providerUrl)));
  const callbacks = require("@langchain/core/callbacks/manager");
  instrument("langchain", "LangChainInstrumentation", callbacks);
  return langChainStep(require(langChainPackage()), providerUrl);
}

await runScenario(await stepOf());
await sdk.shutdown();
