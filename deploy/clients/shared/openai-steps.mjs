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
    if (step.api === "background") return background(client, step);
    if (step.api === "batch") return batch(client, step);
    return step.api === "responses" ? responses(client, step) : chat(client, step);
  };
}

async function responses(client, step) {
  const request = { model: MODELS.chat, input: step.prompt };
  if (step.stream === undefined) return client.responses.create(request);
  return readStream(await client.responses.create({ ...request, stream: true }), step);
}

/** Asked for in one request, and fetched until it is there: once more than needed, as applications do. */
async function background(client, step) {
  const { id } = await client.responses.create({
    model: MODELS.chat,
    input: step.prompt,
    background: true,
  });
  const fetched = [];
  for (const _ of [1, 2, 3]) fetched.push(await client.responses.retrieve(id));
  return fetched.map(({ status, usage }) => ({ status, usage }));
}

/** Two requests in a file; the file with their answers is fetched twice. */
async function batch(client, step) {
  const body = { model: MODELS.chat, messages: [{ role: "user", content: step.prompt }] };
  const lines = ["a", "b"].map((custom_id) =>
    JSON.stringify({ custom_id, method: "POST", url: "/v1/chat/completions", body }),
  );
  const file = await client.files.create({
    file: new File([lines.join("\n")], "batch.jsonl"),
    purpose: "batch",
  });
  const { id } = await client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  await client.batches.retrieve(id);
  const { output_file_id } = await client.batches.retrieve(id);
  const texts = [];
  for (const _ of [1, 2]) texts.push(await (await client.files.content(output_file_id)).text());
  return texts.map((text) => text.trim().split("\n").length);
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
