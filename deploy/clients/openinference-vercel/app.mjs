import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { OpenInferenceBatchSpanProcessor } from "@arizeai/openinference-vercel";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import * as ai from "ai";
import { aiSdkStep } from "../shared/ai-sdk-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl } = settings;
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "client-openinference-vercel" }),
  spanProcessors: [
    new OpenInferenceBatchSpanProcessor({
      exporter: new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }),
    }),
  ],
});
provider.register();
ai.registerTelemetry(new OpenTelemetry({ usage: true, providerMetadata: true }));

const url = `${providerUrl}/v1`;
const providers = {
  openai: createOpenAI({ apiKey: "sk-none", baseURL: url }),
  anthropic: createAnthropic({ apiKey: "sk-ant-none", baseURL: url }),
  google: createGoogleGenerativeAI({ apiKey: "none", baseURL: `${providerUrl}/v1beta` }),
};
await runScenario(aiSdkStep(ai, providers, {}));
await provider.forceFlush();
await provider.shutdown();
