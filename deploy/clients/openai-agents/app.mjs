import { createRequire } from "node:module";
import { openAiOptions } from "../shared/openai-steps.mjs";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const sdk = new NodeSDK({ serviceName: "client-openai-agents", autoDetectResources: false });
sdk.start();

const OpenAI = require("openai");
const agents = require("@openai/agents");
const { z } = require("zod");
const {
  OpenAIAgentsInstrumentation,
} = require("@arizeai/openinference-instrumentation-openai-agents");
new OpenAIAgentsInstrumentation().manuallyInstrument(agents);
if (settings.scenario.includes("on-openai")) {
  const { OpenAIInstrumentation } = require("@arizeai/openinference-instrumentation-openai");
  new OpenAIInstrumentation().manuallyInstrument(OpenAI);
}

agents.setDefaultOpenAIClient(
  new OpenAI({ ...openAiOptions(settings.providerUrl), maxRetries: 0 }),
);
const weather = agents.tool({
  name: TOOL.name,
  description: "weather",
  parameters: z.object({ city: z.string() }),
  execute: async () => TOOL.result,
});

await runScenario(async (step) => {
  const agent = new agents.Agent({
    name: "weather agent",
    instructions: "Be brief.",
    model: MODELS.chat,
    tools: step.withTool ? [weather] : [],
  });
  if (step.stream === undefined) {
    await agents.run(agent, step.prompt);
    return;
  }
  const abort = new AbortController();
  const stream = await agents.run(agent, step.prompt, { stream: true, signal: abort.signal });
  await readStream(stream, step, () => abort.abort());
});
await agents.getGlobalTraceProvider().forceFlush();
await sdk.shutdown();
process.exit(0);
