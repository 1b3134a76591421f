import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Makes the call of a step with LangChain's models; `classes` are those of @langchain/openai. */
export function langChainStep({ ChatOpenAI, OpenAIEmbeddings }, providerUrl) {
  const shared = {
    apiKey: "sk-none",
    maxRetries: 0,
    configuration: { baseURL: `${providerUrl}/v1` },
  };
  return async (step) => {
    if (step.api === "embeddings") {
      const embeddings = new OpenAIEmbeddings({ ...shared, model: MODELS.embedding });
      await embeddings.embedQuery(step.prompt);
      return;
    }
    const model = new ChatOpenAI({ ...shared, model: MODELS.chat, streamUsage: true });
    const runnable = step.withTool ? model.bindTools(TOOLS) : model;
    if (step.stream === undefined) {
      await runnable.invoke(step.prompt);
      return;
    }
    const abort = new AbortController();
    const stream = await runnable.stream(step.prompt, { signal: abort.signal });
    await readStream(stream, step, () => abort.abort());
  };
}
