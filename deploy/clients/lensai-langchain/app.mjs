import { configure } from "@lensai/instrumentation/configure";
import { LensHandler } from "@lensai/langchain/lens-handler";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { z } from "zod";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const instrumented = configure({ serviceName: "client-lensai-langchain" });
const model = new ChatOpenAI({
  apiKey: "sk-none",
  model: MODELS.chat,
  maxRetries: 0,
  configuration: { baseURL: `${settings.providerUrl}/v1` },
});
const weather = tool(() => TOOL.result, {
  name: TOOL.name,
  description: "weather",
  schema: z.object({ city: z.string().optional() }),
});
const plain = createAgent({ model, tools: [], name: "plain" });
const tooled = createAgent({ model, tools: [weather], name: "tooled" });

await runScenario(async (step) => {
  const agent = step.withTool ? tooled : plain;
  const input = { messages: [{ role: "user", content: step.prompt }] };
  const config = { callbacks: [new LensHandler()], metadata: { user_id: "u-1" } };
  if (step.stream === undefined) {
    await agent.invoke(input, config);
    return;
  }
  const abort = new AbortController();
  const stream = await agent.stream(input, {
    ...config,
    streamMode: "messages",
    signal: abort.signal,
  });
  await readStream(stream, step, () => abort.abort());
});
await instrumented.shutdown();
