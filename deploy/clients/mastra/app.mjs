import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { Observability } from "@mastra/observability";
import { OtelExporter } from "@mastra/otel-exporter";
import { z } from "zod";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl, scenario } = settings;
const url = `${providerUrl}/v1`;

function modelOf() {
  if (scenario.startsWith("anthropic")) {
    return createAnthropic({ apiKey: "sk-ant-none", baseURL: url })(MODELS.claude);
  }
  if (scenario.startsWith("gemini")) {
    return createGoogleGenerativeAI({ apiKey: "none", baseURL: `${url}beta` })(MODELS.gemini);
  }
  return createOpenAI({ apiKey: "sk-none", baseURL: url }).chat(MODELS.chat);
}

const weather = createTool({
  id: TOOL.name,
  description: "weather",
  inputSchema: z.object({ city: z.string() }),
  execute: async () => TOOL.result,
});
const agentWith = (name, tools) =>
  new Agent({ id: name, name, instructions: "Be brief.", model: modelOf(), tools });
const mastra = new Mastra({
  logger: false,
  agents: { plain: agentWith("plain", {}), tooled: agentWith("tooled", { [TOOL.name]: weather }) },
  observability: new Observability({
    configs: {
      otel: {
        serviceName: "client-mastra",
        exporters: [
          new OtelExporter({
            provider: {
              custom: { endpoint: `${otlpUrl}/v1/traces`, protocol: "http/protobuf", headers: {} },
            },
          }),
        ],
      },
    },
  }),
});

await runScenario(async (step) => {
  const agent = mastra.getAgent(step.withTool ? "tooled" : "plain");
  const options = { modelSettings: { maxRetries: 0 } };
  if (step.stream === undefined) {
    await agent.generate(step.prompt, options);
    return;
  }
  const abort = new AbortController();
  const result = await agent.stream(step.prompt, { ...options, abortSignal: abort.signal });
  await readStream(result.textStream, step, () => abort.abort());
});
await mastra.shutdown();
process.exit(0);
