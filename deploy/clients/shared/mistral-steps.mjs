import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Makes the call of a step with Mistral's SDK. */
export function mistralStep({ Mistral }, providerUrl) {
  const client = new Mistral({ apiKey: "none", serverURL: providerUrl, retryConfig: RETRIES });
  return async (step) => {
    if (step.api === "embeddings") {
      return client.embeddings.create({ model: MODELS.mistralEmbedding, inputs: [step.prompt] });
    }
    const abort = new AbortController();
    const options = {
      fetchOptions: { signal: abort.signal },
      // It waits between attempts for as long as chance has it, up to a time: how many there are would vary.
      ...(step.fails && { retries: { strategy: "none" } }),
    };
    const [api, request] = callOf(client, step);
    if (step.stream === undefined) return api.complete(request, options);
    return readStream(await api.stream(request, options), step, () => abort.abort());
  };
}

function callOf(client, step) {
  if (step.api === "fim") return [client.fim, { model: MODELS.codestral, prompt: step.prompt }];
  const messages = [{ role: "user", content: step.prompt }];
  const tools = step.withTool && { tools: TOOLS };
  return [client.chat, { model: MODELS.mistral, messages, ...tools }];
}

const RETRIES = {
  strategy: "backoff",
  backoff: { initialInterval: 20, maxInterval: 20, exponent: 1, maxElapsedTime: 500 },
  retryConnectionErrors: false,
};
