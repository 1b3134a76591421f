import { createOpenAI } from "@ai-sdk/openai";
import { Agent, VoltAgentObservability, createTool } from "@voltagent/core";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { z } from "zod";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const processor = new BatchSpanProcessor(
  new OTLPTraceExporter({ url: `${settings.otlpUrl}/v1/traces` }),
);
const observability = new VoltAgentObservability({
  serviceName: "client-voltagent",
  spanProcessors: [processor],
});
const openai = createOpenAI({ apiKey: "sk-none", baseURL: `${settings.providerUrl}/v1` });
const weather = createTool({
  name: TOOL.name,
  description: "weather",
  parameters: z.object({ city: z.string() }),
  execute: async () => TOOL.result,
});

await runScenario(async (step) => {
  const agent = new Agent({
    name: "weather",
    instructions: "Be brief.",
    model: openai.chat(MODELS.chat),
    tools: step.withTool ? [weather] : [],
    observability,
    maxRetries: 0,
  });
  if (step.stream === undefined) return agent.generateText(step.prompt, { maxRetries: 0 });
  const abort = new AbortController();
  const result = await agent.streamText(step.prompt, { abortSignal: abort.signal });
  return readStream(result.textStream, step, () => abort.abort());
});
await processor.forceFlush();
process.exit(0);
