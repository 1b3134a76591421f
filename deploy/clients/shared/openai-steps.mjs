import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [
  {
    type: "function",
    function: { name: TOOL.name, description: "weather", parameters: TOOL_SCHEMA },
  },
];

/** Makes the call of a step with an OpenAI client. */
export function openAiStep(client) {
  return async (step) => {
    if (step.api === "embeddings") {
      await client.embeddings.create({ model: MODELS.embedding, input: step.prompt });
    } else if (step.api === "responses") {
      await responses(client, step);
    } else {
      await chat(client, step);
    }
  };
}

async function responses(client, step) {
  const request = { model: MODELS.chat, input: step.prompt };
  if (step.stream === undefined) await client.responses.create(request);
  else await readStream(await client.responses.create({ ...request, stream: true }), step);
}

async function chat(client, step) {
  const request = {
    model: MODELS.chat,
    messages: [{ role: "user", content: step.prompt }],
    ...(step.withTool && { tools: TOOLS }),
  };
  if (step.stream === undefined) {
    await client.chat.completions.create(request);
    return;
  }
  const usage = step.stream === "usage" && { stream_options: { include_usage: true } };
  const stream = await client.chat.completions.create({ ...request, ...usage, stream: true });
  await readStream(stream, step, () => stream.controller?.abort());
}

export const openAiOptions = (providerUrl) => ({
  apiKey: "sk-none",
  baseURL: `${providerUrl}/v1`,
  maxRetries: 1,
});
