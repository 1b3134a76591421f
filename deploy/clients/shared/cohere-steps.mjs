import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Makes the call of a step with Cohere's SDK. */
export function cohereStep({ CohereClientV2 }, providerUrl) {
  const client = new CohereClientV2({ token: "none", environment: providerUrl, maxRetries: 1 });
  return async (step) => {
    if (step.api === "embeddings") {
      return client.embed({
        model: MODELS.cohereEmbedding,
        texts: [step.prompt],
        inputType: "search_document",
        embeddingTypes: ["float"],
      });
    }
    if (step.api !== "rerank") return chat(client, step);
    return client.rerank({ model: MODELS.cohereRanking, query: step.prompt, documents: ["one"] });
  };
}

async function chat(client, step) {
  const request = {
    model: MODELS.cohere,
    messages: [{ role: "user", content: step.prompt }],
    ...(step.withTool && { tools: TOOLS }),
  };
  if (step.stream === undefined) return client.chat(request);
  const abort = new AbortController();
  const stream = await client.chatStream(request, { abortSignal: abort.signal });
  return readStream(stream, step, () => abort.abort());
}
