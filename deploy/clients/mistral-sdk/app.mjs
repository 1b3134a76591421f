import { NodeSDK } from "@opentelemetry/sdk-node";
import { mistralStep } from "../shared/mistral-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

process.env.MISTRAL_SDK_TELEMETRY = "global";
const sdk = new NodeSDK({ serviceName: "client-mistral-sdk", autoDetectResources: false });
sdk.start();
const mistral = await import("@mistralai/mistralai");
await runScenario(mistralStep(mistral, settings.providerUrl));
await sdk.shutdown();
