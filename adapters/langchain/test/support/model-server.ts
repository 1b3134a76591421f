import type { ServerResponse } from "node:http";
import { startProviderServer } from "../../../../instrumentation/test/support/provider-server.ts";
import type {
  ProviderServer,
  SeenRequest,
} from "../../../../instrumentation/test/support/provider-server.ts";

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly unknown[];
}

/** How long an answer takes: from 0 to 8 ms, by its number, so that answers overtake one another. */
const delayMsOf = (number: number): number => (number * 5) % 9;

/**
 * OpenAI's and Anthropic's chat on a loopback port. Words in braces say what to answer: `{tool}` a call of the
 * first tool until the tool has answered, `{fail}` an error. Otherwise the answer is the name of the model.
 */
export async function startModelServer(): Promise<ProviderServer> {
  const server = await startProviderServer();
  server.answer = async (request, response) => {
    const asked = JSON.parse(request.body) as Asked;
    await new Promise((resolve) => setTimeout(resolve, delayMsOf(server.requests.length)));
    const words = request.body;
    if (words.includes("{fail}")) {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "secret", type: "invalid_request_error" } }));
    } else if (request.path.endsWith("/messages")) answerAsAnthropic(asked, response);
    else if (request.path.endsWith("/embeddings")) answerEmbedding(response);
    else answerAsOpenAi(asked, response);
  };
  return server;
}

export type { ProviderServer, SeenRequest };

const wantsTool = ({ messages }: Asked): boolean =>
  JSON.stringify(messages).includes("{tool}") && messages.at(-1)?.role !== "tool";

function answerAsOpenAi(asked: Asked, response: ServerResponse): void {
  const base = { id: "chatcmpl-1", created: 1, model: asked.model };
  const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
  const call = {
    id: "call_1",
    type: "function",
    function: { name: "get_weather", arguments: '{"city":"Berlin"}' },
  };
  const message = wantsTool(asked)
    ? { role: "assistant", content: null, tool_calls: [call] }
    : { role: "assistant", content: asked.model };
  const finish = wantsTool(asked) ? "tool_calls" : "stop";
  if (asked.stream !== true) {
    const choices = [{ index: 0, message, finish_reason: finish }];
    sendJson(response, { ...base, object: "chat.completion", choices, usage });
    return;
  }
  const delta = { ...message, ...(wantsTool(asked) && { tool_calls: [{ index: 0, ...call }] }) };
  const chunk = { ...base, object: "chat.completion.chunk" };
  sendEvents(response, [
    { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }] },
    { ...chunk, choices: [], usage },
    "[DONE]",
  ]);
}

function answerAsAnthropic(asked: Asked, response: ServerResponse): void {
  const usage = { input_tokens: 10, output_tokens: 2 };
  const message = { id: "msg_1", type: "message", role: "assistant", model: asked.model };
  const end = { stop_reason: "end_turn", stop_sequence: null };
  if (asked.stream !== true) {
    const content = [{ type: "text", text: asked.model }];
    sendJson(response, { ...message, content, ...end, usage });
    return;
  }
  sendEvents(response, [
    { type: "message_start", message: { ...message, content: [], stop_reason: null, usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: asked.model } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: end, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ]);
}

function answerEmbedding(response: ServerResponse): void {
  const data = [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }];
  sendJson(response, {
    object: "list",
    data,
    model: "e",
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendEvents(
  response: ServerResponse,
  events: readonly (Readonly<Record<string, unknown>> | string)[],
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    if (typeof event === "string") response.write(`data: ${event}\n\n`);
    else {
      const name = "type" in event ? `event: ${String(event["type"])}\n` : "";
      response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    }
  }
  response.end();
}
