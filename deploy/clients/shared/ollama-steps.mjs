import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Makes the call of a step with Ollama's client. */
export function ollamaStep({ Ollama }, providerUrl) {
  const client = new Ollama({ host: providerUrl });
  return async (step) => {
    const model = MODELS.ollama;
    const stream = step.stream !== undefined;
    if (step.api === "embeddings") return client.embed({ model, input: step.prompt });
    if (step.api === "generate") {
      return readAnswer(await client.generate({ model, prompt: step.prompt, stream }), step);
    }
    const messages = [{ role: "user", content: step.prompt }];
    const tools = step.withTool && { tools: TOOLS };
    return readAnswer(await client.chat({ model, messages, stream, ...tools }), step);
  };
}

const readAnswer = (answer, step) =>
  step.stream ? readStream(answer, step, () => answer.abort()) : answer;
