import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { openAI } from "@genkit-ai/compat-oai/openai";
import { googleAI } from "@genkit-ai/google-genai";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { genkit, z } from "genkit";
import { enableTelemetry, flushTracing } from "genkit/tracing";
import { MODELS, TOOL, readStream, runScenario, settings } from "../shared/scenarios.mjs";

const { otlpUrl, providerUrl, scenario } = settings;
const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` });
await enableTelemetry({
  spanProcessors: [new BatchSpanProcessor(exporter)],
  autoDetectResources: false,
});
const ai = genkit({
  plugins: [
    openAI({ apiKey: "sk-none", baseURL: `${providerUrl}/v1`, maxRetries: 0 }),
    googleAI({ apiKey: "none", baseUrl: providerUrl }),
  ],
});
const weather = ai.defineTool(
  {
    name: TOOL.name,
    description: "weather",
    inputSchema: z.object({ city: z.string() }),
    outputSchema: z.string(),
  },
  async () => TOOL.result,
);
const model = scenario.startsWith("gemini")
  ? googleAI.model(MODELS.gemini)
  : openAI.model(MODELS.chat);

await runScenario(async (step) => {
  if (step.api === "embeddings") {
    await ai.embed({ embedder: openAI.embedder(MODELS.embedding), content: step.prompt });
    return;
  }
  const request = { model, prompt: step.prompt, ...(step.withTool && { tools: [weather] }) };
  if (step.stream === undefined) {
    await ai.generate(request);
    return;
  }
  const abort = new AbortController();
  const { stream, response } = ai.generateStream({ ...request, abortSignal: abort.signal });
  await readStream(stream, step, () => abort.abort());
  await response;
});
await flushTracing();
process.exit(0);
