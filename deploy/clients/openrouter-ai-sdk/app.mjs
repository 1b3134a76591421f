import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { NodeSDK } from "@opentelemetry/sdk-node";
import * as ai from "ai";
import { aiSdkStep } from "../shared/ai-sdk-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const sdk = new NodeSDK({ serviceName: "client-openrouter", autoDetectResources: false });
sdk.start();

const openrouter = createOpenRouter({ apiKey: "none", baseURL: `${settings.providerUrl}/v1` });
const openai = {
  chat: (model) => openrouter.chat(`openai/${model}`, { usage: { include: true } }),
};
const options = { experimental_telemetry: { isEnabled: true } };
await runScenario(aiSdkStep(ai, { openai }, options));
await sdk.shutdown();
