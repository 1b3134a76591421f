import { createRequire } from "node:module";
import { bedrockStep } from "../shared/bedrock-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const INSTRUMENTATIONS = {
  "@opentelemetry/instrumentation-aws-sdk": "AwsInstrumentation",
  "@arizeai/openinference-instrumentation-bedrock": "BedrockInstrumentation",
  "@traceloop/instrumentation-bedrock": "BedrockInstrumentation",
};

function isInstalled(name) {
  try {
    return require.resolve(name) !== undefined;
  } catch {
    return false;
  }
}

const instrumentations = Object.entries(INSTRUMENTATIONS)
  .filter(([name]) => isInstalled(name))
  .map(([name, className]) => new (require(name)[className])());
const sdk = new NodeSDK({
  serviceName: "client-otel-bedrock",
  autoDetectResources: false,
  instrumentations,
});
sdk.start();

const bedrock = require("@aws-sdk/client-bedrock-runtime");
// By default it speaks HTTP/2, which the fake provider does not.
const { NodeHttpHandler } = require("@smithy/node-http-handler");
await runScenario(bedrockStep(bedrock, new NodeHttpHandler(), settings.providerUrl));
await sdk.shutdown();
