import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { openAiFailure, withoutCacheWrites } from "./openai-chat.ts";
import { JSON_TYPE, SSE_TYPE, sse, textOf, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI responses: the same meaning of counts under other names; streams always end with the usage. */
export const OPENAI_RESPONSES: ProviderApi = {
  name: "openai.responses",
  matches: (path) => path.endsWith("/responses"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === true,
  failure: openAiFailure,
  reply: replyTo,
};

function replyTo(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutCacheWrites(given);
  const usage = usageOf(answer, false);
  const usageRaw = {
    input_tokens: usage.input_total,
    input_tokens_details: { cached_tokens: usage.input_cached_read },
    output_tokens: usage.output_total,
    output_tokens_details: { reasoning_tokens: usage.output_reasoning },
    total_tokens: usage.input_total + usage.output_total,
  };
  const responseId = `resp_${answer.number.toString().padStart(6, "0")}`;
  const responseModel = `${OPENAI_RESPONSES.modelOf(request)}-2024-07-18`;
  const item = itemOf(answer);
  const response = {
    id: responseId,
    object: "response",
    created_at: 1_790_000_000,
    model: responseModel,
    status: "completed",
    output: [item],
    usage: usageRaw,
    tool_usage: { web_search: { num_requests: 0 } },
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    service_tier: "default",
  };
  const isStream = OPENAI_RESPONSES.isStream(request);
  return {
    contentType: isStream ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? eventsOf(response, item, answer) : [JSON.stringify(response)],
    isStream,
    responseId,
    responseModel,
    usageRaw,
    usage,
    usageIsSent: true,
  };
}

interface Event {
  readonly type: string;
  readonly [member: string]: unknown;
}

interface Item extends Event {
  readonly id: string;
}

function itemOf({ number, text, toolCall }: Answer): Item {
  if (toolCall) {
    return {
      id: `fc_${number}`,
      type: "function_call",
      call_id: "call_1",
      name: TOOL_NAME,
      arguments: '{"city":"Oslo"}',
      status: "completed",
    };
  }
  return {
    id: `msg_${number}`,
    type: "message",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

function eventsOf(response: object, item: Item, { text }: Answer): string[] {
  const started = { ...response, status: "in_progress", output: [], usage: null };
  const opened = { ...item, content: [], status: "in_progress" };
  const place = { item_id: item.id, output_index: 0, content_index: 0 };
  const part = { type: "output_text", text: "", annotations: [] };
  const events: Event[] = [
    { type: "response.created", response: started },
    { type: "response.output_item.added", output_index: 0, item: opened },
    { type: "response.content_part.added", ...place, part },
    ...piecesOf(text).map((delta) =>
      Object.assign({ type: "response.output_text.delta", delta }, place),
    ),
    { type: "response.output_text.done", ...place, text },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response },
  ];
  return events.map((event, at) => sse({ sequence_number: at, ...event }, event.type));
}
