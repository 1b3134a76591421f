import { createRequire } from "node:module";
import { MODELS, readStream, runScenario, settings } from "../shared/scenarios.mjs";

// Hooks require(): started before anything that it is to patch is loaded.
const require = createRequire(import.meta.url);
const traceloop = require("@traceloop/node-server-sdk");
const { otlpUrl, providerUrl } = settings;
traceloop.initialize({
  appName: "client-llamaindex",
  apiKey: "none",
  baseUrl: otlpUrl,
  traceloopSyncEnabled: false,
  silenceInitializationMessage: true,
});

const { Settings } = require("llamaindex");
const { OpenAI, OpenAIEmbedding } = require("@llamaindex/openai");
const shared = { apiKey: "sk-none", baseURL: `${providerUrl}/v1`, maxRetries: 0 };
const model = new OpenAI({ ...shared, model: MODELS.chat });
const embeddings = new OpenAIEmbedding({ ...shared, model: MODELS.embedding });
Settings.llm = model;

await runScenario(async (step) => {
  if (step.api === "embeddings") {
    await embeddings.getTextEmbedding(step.prompt);
    return;
  }
  const messages = [{ role: "user", content: step.prompt }];
  if (step.stream === undefined) {
    await model.chat({ messages });
    return;
  }
  const additionalChatOptions = { stream_options: { include_usage: true } };
  await readStream(await model.chat({ messages, stream: true, additionalChatOptions }), step);
});
await traceloop.forceFlush();
process.exit(0);
