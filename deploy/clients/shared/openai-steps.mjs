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
      return client.embeddings.create({ model: MODELS.embedding, input: step.prompt });
    }
    return step.api === "responses" ? responses(client, step) : chat(client, step);
  };
}

async function responses(client, step) {
  const request = { model: MODELS.chat, input: step.prompt };
  if (step.stream === undefined) return client.responses.create(request);
  return readStream(await client.responses.create({ ...request, stream: true }), step);
}

async function chat(client, step) {
  const request = {
    model: MODELS.chat,
    messages: [{ role: "user", content: step.prompt }],
    ...(step.withTool && { tools: TOOLS }),
    ...(step.choices && { n: step.choices }),
  };
  if (step.stream === undefined) {
    const answer = await client.chat.completions.create(request);
    if (!step.loops) return answer;
    const { message } = answer.choices[0];
    return [answer, await client.chat.completions.create(withResult(request, message))];
  }
  const usage = step.stream === "usage" && { stream_options: { include_usage: true } };
  const stream = await client.chat.completions.create({ ...request, ...usage, stream: true });
  return readStream(stream, step, () => stream.controller?.abort());
}

/** The same conversation, with what the tool says. */
function withResult(request, message) {
  const results = message.tool_calls.map(({ id }) => ({
    role: "tool",
    tool_call_id: id,
    content: TOOL.result,
  }));
  return { ...request, messages: [...request.messages, message, ...results] };
}

export const openAiOptions = (providerUrl) => ({
  apiKey: "sk-none",
  baseURL: `${providerUrl}/v1`,
  maxRetries: 1,
});
