import { createRequire } from "node:module";
import { runScenario, settings } from "../shared/scenarios.mjs";

// Hooks require(): started before anything that it is to patch is loaded.
const require = createRequire(import.meta.url);
const Sentry = require("@sentry/node");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
Sentry.init({
  // It records spans only for an address of its own; nothing listens there.
  dsn: "http://none@127.0.0.1:9/1",
  tracesSampleRate: 1,
  sendDefaultPii: true,
  defaultIntegrations: false,
  integrations: [
    Sentry.openAIIntegration(),
    Sentry.anthropicAIIntegration(),
    Sentry.vercelAIIntegration({ force: true }),
  ],
  openTelemetrySpanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
const { anthropicOptions, anthropicStep } = await import("../shared/anthropic-steps.mjs");
const { openAiOptions, openAiStep } = await import("../shared/openai-steps.mjs");
const { aiSdkStep } = await import("../shared/ai-sdk-steps.mjs");

const { providerUrl, scenario } = settings;
function stepOf() {
  if (scenario.startsWith("ai-")) {
    const url = `${providerUrl}/v1`;
    const { createOpenAI } = require("@ai-sdk/openai");
    const { createAnthropic } = require("@ai-sdk/anthropic");
    const providers = {
      openai: createOpenAI({ apiKey: "sk-none", baseURL: url }),
      anthropic: createAnthropic({ apiKey: "sk-ant-none", baseURL: url }),
    };
    const options = { experimental_telemetry: { isEnabled: true } };
    return aiSdkStep(require("ai"), providers, options);
  }
  if (scenario.startsWith("anthropic")) {
    const Anthropic = require("@anthropic-ai/sdk");
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  }
  const OpenAI = require("openai");
  return openAiStep(new OpenAI(openAiOptions(providerUrl)));
}

const step = stepOf();
// It hands spans of a trace on when the root of that trace ends: each call has one of its own.
await runScenario((each) =>
  Sentry.startNewTrace(() => Sentry.startSpan({ name: "work" }, () => step(each))),
);
await Sentry.getClient().traceProvider.forceFlush();
process.exit(0);
