import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

/** Makes the call of a step with Google's SDK. */
export function geminiStep({ GoogleGenAI }, providerUrl) {
  const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: providerUrl } });
  const tools = [
    {
      functionDeclarations: [
        { name: TOOL.name, description: "weather", parametersJsonSchema: TOOL_SCHEMA },
      ],
    },
  ];
  const providerTools = [{ googleSearch: {} }, { urlContext: {} }];
  return async (step) => {
    if (step.api === "embeddings") {
      const contents = step.many ? [step.prompt, "and more"] : step.prompt;
      return client.models.embedContent({ model: MODELS.geminiEmbedding, contents });
    }
    if (step.api === "interactions") return interaction(client, step);
    const request = {
      model: MODELS.gemini,
      contents: step.prompt,
      ...(step.withTool && { config: { tools } }),
      ...(step.withWebSearch && { config: { tools: providerTools } }),
    };
    if (step.stream === undefined) {
      return client.models.generateContent(request);
    }
    const abort = new AbortController();
    const config = { ...request.config, abortSignal: abort.signal };
    const stream = await client.models.generateContentStream({ ...request, config });
    return readStream(stream, step, () => abort.abort());
  };
}

async function interaction(client, step) {
  const request = {
    model: MODELS.gemini,
    input: step.prompt,
    ...(step.withWebSearch && { tools: [{ type: "google_search" }, { type: "url_context" }] }),
  };
  if (step.stream === undefined) return client.interactions.create(request);
  const stream = await client.interactions.create({ ...request, stream: true });
  return readStream(stream, step);
}
