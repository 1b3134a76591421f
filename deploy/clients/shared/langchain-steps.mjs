import { MODELS, TOOL, TOOL_SCHEMA, readStream, settings } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Name of the package with the models that the scenario asks. */
export function langChainPackage() {
  if (settings.scenario === "langchain-anthropic") return "@langchain/anthropic";
  return settings.scenario === "langchain-gemini" ? "@langchain/google-genai" : "@langchain/openai";
}

/** Makes the call of a step with LangChain's models; `classes` are those of the package. */
export function langChainStep(classes, providerUrl) {
  const { ChatAnthropic, ChatGoogleGenerativeAI, ChatOpenAI, OpenAIEmbeddings } = classes;
  const shared = {
    apiKey: "sk-none",
    maxRetries: 0,
    configuration: { baseURL: `${providerUrl}/v1` },
  };
  const modelOf = () => {
    const own = { apiKey: "none", maxRetries: 0 };
    if (ChatAnthropic) {
      return new ChatAnthropic({ ...own, model: MODELS.claude, anthropicApiUrl: providerUrl });
    }
    if (ChatGoogleGenerativeAI) {
      return new ChatGoogleGenerativeAI({ ...own, model: MODELS.gemini, baseUrl: providerUrl });
    }
    return new ChatOpenAI({ ...shared, model: MODELS.chat, streamUsage: true });
  };
  return async (step) => {
    if (step.api === "embeddings") {
      const embeddings = new OpenAIEmbeddings({ ...shared, model: MODELS.embedding });
      await embeddings.embedQuery(step.prompt);
      return;
    }
    const model = modelOf();
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
