import { createRequire } from "node:module";
import {
  MODELS,
  TOOL,
  TOOL_SCHEMA,
  readStream,
  runScenario,
  settings,
} from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { LangChainInstrumentation } = require("@arizeai/openinference-instrumentation-langchain");
const sdk = new NodeSDK({ serviceName: "client-langgraph", autoDetectResources: false });
sdk.start();
// Patches a module that is loaded already: no hook of a loader is needed.
new LangChainInstrumentation().manuallyInstrument(require("@langchain/core/callbacks/manager"));

const { ChatOpenAI } = require("@langchain/openai");
const { createAgent, tool } = require("langchain");
const model = new ChatOpenAI({
  model: MODELS.chat,
  apiKey: "sk-none",
  maxRetries: 0,
  streamUsage: true,
  configuration: { baseURL: `${settings.providerUrl}/v1` },
});
const weather = tool(async () => TOOL.result, {
  name: TOOL.name,
  description: "weather",
  schema: TOOL_SCHEMA,
});

await runScenario(async (step) => {
  const agent = createAgent({ model, tools: step.withTool ? [weather] : [] });
  const asked = { messages: [{ role: "user", content: step.prompt }] };
  if (step.stream === undefined) return agent.invoke(asked);
  const abort = new AbortController();
  const stream = await agent.stream(asked, { streamMode: "messages", signal: abort.signal });
  return readStream(stream, step, () => abort.abort());
});
await sdk.shutdown();
