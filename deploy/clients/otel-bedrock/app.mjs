import { createRequire } from "node:module";
import { bedrockStep } from "../shared/bedrock-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { AwsInstrumentation } = require("@opentelemetry/instrumentation-aws-sdk");
const sdk = new NodeSDK({
  serviceName: "client-otel-bedrock",
  autoDetectResources: false,
  instrumentations: [new AwsInstrumentation()],
});
sdk.start();

const bedrock = require("@aws-sdk/client-bedrock-runtime");
// By default it speaks HTTP/2, which the fake provider does not.
const { NodeHttpHandler } = require("@smithy/node-http-handler");
await runScenario(bedrockStep(bedrock, new NodeHttpHandler(), settings.providerUrl));
await sdk.shutdown();
