import { NodeSDK } from "@opentelemetry/sdk-node";
import { Agent, tool } from "@strands-agents/sdk";
import { OpenAIModel } from "@strands-agents/sdk/models/openai";
import { z } from "zod";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const sdk = new NodeSDK({ serviceName: "client-strands", autoDetectResources: false });
sdk.start();

const weather = tool({
  name: TOOL.name,
  description: "weather",
  inputSchema: z.object({ city: z.string() }),
  callback: () => TOOL.result,
});
await runScenario(async (step) => {
  const model = new OpenAIModel({
    api: "chat",
    modelId: MODELS.chat,
    apiKey: "sk-none",
    clientConfig: { baseURL: `${settings.providerUrl}/v1`, maxRetries: 0 },
  });
  const tools = step.withTool ? [weather] : [];
  const agent = new Agent({ model, tools, printer: false, retryStrategy: null });
  if (step.stream === undefined) return agent.invoke(step.prompt);
  const abort = new AbortController();
  const stream = agent.stream(step.prompt, { cancelSignal: abort.signal });
  return readStream(stream, step, () => abort.abort());
});
await sdk.shutdown();
