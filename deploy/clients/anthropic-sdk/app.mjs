import Anthropic from "@anthropic-ai/sdk";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

// No instrumentation: the SDK makes its spans itself.
const sdk = new NodeSDK({ serviceName: "client-anthropic-sdk", autoDetectResources: false });
sdk.start();

const client = new Anthropic(anthropicOptions(settings.providerUrl));
await runScenario(anthropicStep(client));
await sdk.shutdown();
