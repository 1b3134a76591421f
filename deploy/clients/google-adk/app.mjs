import { createRequire } from "node:module";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const require = createRequire(import.meta.url);
const { NodeSDK } = require("@opentelemetry/sdk-node");
const sdk = new NodeSDK({ serviceName: "client-google-adk", autoDetectResources: false });
sdk.start();

process.env.GOOGLE_GEMINI_BASE_URL = settings.providerUrl;
process.env.GEMINI_API_KEY = "none";
const { FunctionTool, Gemini, InMemoryRunner, LlmAgent, StreamingMode } = require("@google/adk");
const { z } = require("zod");
const weather = new FunctionTool({
  name: TOOL.name,
  description: "weather",
  parameters: z.object({ city: z.string() }),
  execute: async () => TOOL.result,
});

await runScenario(async (step) => {
  const agent = new LlmAgent({
    name: "weather_agent",
    model: new Gemini({ model: MODELS.gemini, apiKey: "none" }),
    instruction: "Be brief.",
    tools: step.withTool ? [weather] : [],
  });
  const runner = new InMemoryRunner({ agent, appName: "weather" });
  const session = await runner.sessionService.createSession({
    appName: "weather",
    userId: "someone",
  });
  const isStream = step.stream !== undefined;
  const events = runner.runAsync({
    userId: "someone",
    sessionId: session.id,
    newMessage: { role: "user", parts: [{ text: step.prompt }] },
    runConfig: { streamingMode: isStream ? StreamingMode.SSE : StreamingMode.NONE },
  });
  const seen = await readStream(events, step);
  const failed = seen.find((event) => event.errorCode);
  if (failed) throw new Error(failed.errorMessage);
});
await sdk.shutdown();
process.exit(0);
