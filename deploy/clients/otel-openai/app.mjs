import { createRequire } from "node:module";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

// The instrumentation hooks require(): what it patches must be loaded that way, and after it.
const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { OpenAIInstrumentation } = require("@opentelemetry/instrumentation-openai");

const sdk = new NodeSDK({
  serviceName: "client-otel-openai",
  autoDetectResources: false,
  instrumentations: [new OpenAIInstrumentation()],
});
sdk.start();
const { OpenAI } = require("openai");

await runScenario(openAiStep(new OpenAI(openAiOptions(settings.providerUrl))));
await sdk.shutdown();
