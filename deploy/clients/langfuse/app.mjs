import { observeOpenAI } from "@langfuse/openai";
import { LangfuseSpanProcessor } from "@langfuse/otel";
import { NodeSDK } from "@opentelemetry/sdk-node";
import OpenAI from "openai";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl } = settings;
const processor = new LangfuseSpanProcessor({
  publicKey: "pk-lf-none",
  secretKey: "sk-lf-none",
  baseUrl: otlpUrl,
});
const sdk = new NodeSDK({
  serviceName: "client-langfuse",
  autoDetectResources: false,
  spanProcessors: [processor],
});
sdk.start();

await runScenario(openAiStep(observeOpenAI(new OpenAI(openAiOptions(providerUrl)))));
await processor.forceFlush();
await sdk.shutdown();
