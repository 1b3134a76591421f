import { NodeSDK } from "@opentelemetry/sdk-node";
import { trace } from "@opentelemetry/api";
import { chat, toolDefinition } from "@tanstack/ai";
import { createOpenaiChat } from "@tanstack/ai-openai";
import { otelMiddleware } from "@tanstack/ai/middlewares/otel";
import {
  MODELS,
  TOOL,
  TOOL_SCHEMA,
  readStream,
  runScenario,
  settings,
} from "../shared/scenarios.mjs";

const sdk = new NodeSDK({ serviceName: "client-tanstack-ai", autoDetectResources: false });
sdk.start();

const adapter = createOpenaiChat(MODELS.chat, "sk-none", {
  baseURL: `${settings.providerUrl}/v1`,
  maxRetries: 0,
});
const weather = toolDefinition({
  name: TOOL.name,
  description: "weather",
  inputSchema: TOOL_SCHEMA,
}).server(async () => TOOL.result);

await runScenario(async (step) => {
  const abort = new AbortController();
  const request = {
    adapter,
    messages: [{ role: "user", content: step.prompt }],
    tools: step.withTool ? [weather] : [],
    middleware: [otelMiddleware({ tracer: trace.getTracer("client") })],
    abortController: abort,
  };
  if (step.stream === undefined) return chat({ ...request, stream: false });
  return readStream(chat(request), step, () => abort.abort());
});
await sdk.shutdown();
