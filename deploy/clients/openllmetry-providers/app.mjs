import { createRequire } from "node:module";
import { cohereStep } from "../shared/cohere-steps.mjs";
import { openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { CohereInstrumentation } = require("@traceloop/instrumentation-cohere");
const { TogetherInstrumentation } = require("@traceloop/instrumentation-together");
const sdk = new NodeSDK({
  serviceName: "client-openllmetry-providers",
  autoDetectResources: false,
  instrumentations: [new CohereInstrumentation(), new TogetherInstrumentation()],
});
sdk.start();

const { providerUrl, scenario } = settings;
function stepOf() {
  if (scenario.startsWith("cohere")) return cohereStep(require("cohere-ai"), providerUrl);
  const { Together } = require("together-ai");
  const baseURL = `${providerUrl}/v1`;
  return openAiStep(new Together({ apiKey: "none", baseURL, maxRetries: 1 }));
}

await runScenario(stepOf());
await sdk.shutdown();
