/* oxlint-disable no-console -- an example talks to whoever runs it */
import { configure } from "@lensai/instrumentation/configure";
import { withAttribution } from "@lensai/instrumentation/manual/attribution";
import { instrumentLlamaIndex } from "@lensai/llamaindex/instrument-llama-index";
import { tool } from "@llamaindex/core/tools";
import { OpenAI } from "@llamaindex/openai";
import * as workflow from "@llamaindex/workflow";
import { z } from "zod";

/*
 * OPENAI_API_KEY=sk-... node adapters/llamaindex/example/agent.ts
 * Spans go to OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318; OPENAI_BASE_URL names another server.
 */
const instrumented = configure({ serviceName: "llamaindex-example" });
// An application has `import * as llamaindex from "llamaindex"` as well.
instrumentLlamaIndex(workflow);

const weather = tool({
  name: "get_weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `18 degrees and sunny in ${city}`,
});
const forecaster = workflow.agent({
  name: "forecaster",
  llm: new OpenAI({ model: "gpt-4o-mini" }),
  tools: [weather],
});

const { data } = await withAttribution({ user: "u-1", team: "support" }, () =>
  forecaster.run("What is the weather in Berlin? {tool}"),
);
console.log(data.result);
await instrumented.shutdown();
