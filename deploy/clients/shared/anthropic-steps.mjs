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
    if (step.stream === undefined) {
      await client.messages.create(request);
      return;
    }
    const stream = await client.messages.create({ ...request, stream: true });
    await readStream(stream, step, () => stream.controller?.abort());
  };
}

export const anthropicOptions = (providerUrl) => ({
  apiKey: "sk-ant-none",
  baseURL: providerUrl,
  maxRetries: 1,
});
