import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { NodeSDK } from "@opentelemetry/sdk-node";
import * as ai from "ai";
import { aiSdkStep } from "../shared/ai-sdk-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const sdk = new NodeSDK({ serviceName: "client-vercel-ai", autoDetectResources: false });
sdk.start();

// From version 7 on, spans come from a package of their own that is registered once.
const isModern = "registerTelemetry" in ai;
if (isModern) {
  const { LegacyOpenTelemetry, OpenTelemetry } = await import("@ai-sdk/otel");
  const withLegacy = settings.scenario === "ai-with-legacy-spans";
  ai.registerTelemetry(new OpenTelemetry(), ...(withLegacy ? [new LegacyOpenTelemetry()] : []));
}

const url = `${settings.providerUrl}/v1`;
const providers = {
  openai: createOpenAI({ apiKey: "sk-none", baseURL: url }),
  anthropic: createAnthropic({ apiKey: "sk-ant-none", baseURL: url }),
  google: createGoogleGenerativeAI({ apiKey: "none", baseURL: `${settings.providerUrl}/v1beta` }),
};
const options = isModern ? {} : { experimental_telemetry: { isEnabled: true } };
await runScenario(aiSdkStep(ai, providers, options));
await sdk.shutdown();
