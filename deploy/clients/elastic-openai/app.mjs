import { createRequire } from "node:module";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

// Hooks require(): started before anything that it is to patch is loaded.
const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { OpenAIInstrumentation } = require("@elastic/opentelemetry-instrumentation-openai");
const sdk = new NodeSDK({
  serviceName: "client-elastic-openai",
  autoDetectResources: false,
  instrumentations: [new OpenAIInstrumentation()],
});
sdk.start();

const OpenAI = require("openai");
await runScenario(openAiStep(new OpenAI(openAiOptions(settings.providerUrl))));
await sdk.shutdown();
