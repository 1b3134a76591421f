import { MODELS, TOOL, TOOL_SCHEMA, readStream } from "./scenarios.mjs";

const TOOLS = [{ name: TOOL.name, description: "weather", input_schema: TOOL_SCHEMA }];

/** Makes the call of a step with an Anthropic client. */
export function anthropicStep(client) {
  return async (step) => {
    const cache_control = { type: "ephemeral", ...(step.ttl && { ttl: step.ttl }) };
    const request = {
      model: MODELS.claude,
      max_tokens: 400,
      system: [{ type: "text", text: "Be brief.", cache_control }],
      messages: [{ role: "user", content: step.prompt }],
      ...(step.withTool && { tools: TOOLS }),
    };
    if (step.api === "batch") return batch(client, request);
    if (step.stream === undefined) {
      const answer = await client.messages.create(request);
      if (!step.loops) return answer;
      return [answer, await client.messages.create(withResult(request, answer.content))];
    }
    const stream = await client.messages.create({ ...request, stream: true });
    return readStream(stream, step, () => stream.controller?.abort());
  };
}

/** Two requests at once; their answers are fetched twice. */
async function batch(client, params) {
  const requests = ["a", "b"].map((custom_id) => ({ custom_id, params }));
  const { id } = await client.messages.batches.create({ requests });
  await client.messages.batches.retrieve(id);
  const seen = [];
  for (const _ of [1, 2]) {
    for await (const { result } of await client.messages.batches.results(id))
      seen.push(result.type);
  }
  return seen;
}

/** The same conversation, with what the tool says. */
function withResult(request, content) {
  const results = content.map(({ id }) => ({
    type: "tool_result",
    tool_use_id: id,
    content: TOOL.result,
  }));
  const more = [
    { role: "assistant", content },
    { role: "user", content: results },
  ];
  return { ...request, messages: [...request.messages, ...more] };
}

export const anthropicOptions = (providerUrl) => ({
  apiKey: "sk-ant-none",
  baseURL: providerUrl,
  maxRetries: 1,
});
