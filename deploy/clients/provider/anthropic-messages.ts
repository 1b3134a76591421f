import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { JSON_TYPE, SSE_TYPE, sse, textOf, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Anthropic messages: `input_tokens` leaves out what was read from or written to a cache. */
export const ANTHROPIC_MESSAGES: ProviderApi = {
  name: "anthropic.messages",
  matches: (path) => path.endsWith("/v1/messages"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === true,
  failure: ({ number }, status) => {
    const type = status === 429 ? "rate_limit_error" : "api_error";
    return JSON.stringify({ type: "error", error: { type, message: `refused ${number}` } });
  },
  reply: replyTo,
};

/** What a stream says before it knows. */
const FIRST_OUTPUT_TOKENS = 2;

/** The usage object, also that of the same models elsewhere. */
export function anthropicUsage({ counts }: Answer): Record<string, unknown> {
  return {
    input_tokens: counts.uncached,
    cache_creation_input_tokens: counts.cacheWrite5m + counts.cacheWrite1h,
    cache_read_input_tokens: counts.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: counts.cacheWrite5m,
      ephemeral_1h_input_tokens: counts.cacheWrite1h,
    },
    output_tokens: counts.text + counts.reasoning,
    service_tier: "standard",
  };
}

/** Thinking is billed as output and not counted apart. */
export function withoutReasoningCount(answer: Answer): Answer {
  const { text, reasoning } = answer.counts;
  return { ...answer, counts: { ...answer.counts, text: text + reasoning, reasoning: 0 } };
}

function replyTo(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutReasoningCount(given);
  const usageRaw = anthropicUsage(answer);
  const responseId = `msg_${answer.number.toString().padStart(6, "0")}`;
  const responseModel = `${ANTHROPIC_MESSAGES.modelOf(request)}-20251001`;
  const block = answer.toolCall
    ? { type: "tool_use", id: "toolu_1", name: TOOL_NAME, input: { city: "Oslo" } }
    : { type: "text", text: answer.text };
  const message = {
    id: responseId,
    type: "message",
    role: "assistant",
    model: responseModel,
    content: [block],
    stop_reason: answer.toolCall ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: usageRaw,
  };
  const isStream = ANTHROPIC_MESSAGES.isStream(request);
  return {
    contentType: isStream ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? anthropicEvents(message, answer) : [JSON.stringify(message)],
    isStream,
    responseId,
    responseModel,
    usageRaw,
    usage: usageOf(answer, true),
    usageIsSent: true,
  };
}

interface Message {
  readonly content: readonly object[];
  readonly stop_reason: string;
  readonly usage: Readonly<Record<string, unknown>>;
}

interface Event {
  readonly type: string;
  readonly [member: string]: unknown;
}

function anthropicEvents(message: Message, { text }: Answer): string[] {
  const usage = { ...message.usage, output_tokens: FIRST_OUTPUT_TOKENS };
  const started = { ...message, content: [], stop_reason: null, usage };
  const delta = { stop_reason: message.stop_reason, stop_sequence: null };
  const events: Event[] = [
    { type: "message_start", message: started },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...piecesOf(text).map((piece) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: piece },
    })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta, usage: { output_tokens: message.usage["output_tokens"] } },
    { type: "message_stop" },
  ];
  return events.map((event) => sse(event, event.type));
}
