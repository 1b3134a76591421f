/* oxlint-disable no-console -- an example talks to whoever runs it */
import { configure } from "@lensai/instrumentation/configure";
import { LensHandler } from "@lensai/langchain/lens-handler";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { z } from "zod";

/*
 * OPENAI_API_KEY=sk-... node adapters/langchain/example/agent.ts
 * Spans go to OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318; OPENAI_BASE_URL names another server.
 */
const instrumented = configure({ serviceName: "langchain-example" });

const weather = tool(({ city }) => `18 degrees and sunny in ${city}`, {
  name: "get_weather",
  description: "The weather of a city",
  schema: z.object({ city: z.string() }),
});
const agent = createAgent({
  model: new ChatOpenAI({ model: "gpt-4o-mini" }),
  tools: [weather],
  name: "forecaster",
});

const { messages } = await agent.invoke(
  { messages: [{ role: "user", content: "What is the weather in Berlin? {tool}" }] },
  {
    callbacks: [new LensHandler()],
    metadata: { user_id: "u-1", session_id: "s-1" },
    tags: ["team:support", "feature:weather"],
  },
);
console.log(messages.at(-1)?.content);
await instrumented.shutdown();
