import { piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { anthropicUsage, withoutReasoningCount } from "./anthropic-messages.ts";
import { eventStreamMessage } from "./event-stream.ts";
import { JSON_TYPE, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

const EVENT_STREAM_TYPE = "application/vnd.amazon.eventstream";
const FAILURE = ({ number }: Answer): string => JSON.stringify({ message: `refused ${number}` });

function modelOf({ path }: ProviderRequest): string {
  return decodeURIComponent(/\/model\/([^/]+)\//.exec(path)?.[1] ?? "");
}

/** Bedrock Converse: `inputTokens` leaves out what was read from or written to a cache. */
export const BEDROCK_CONVERSE: ProviderApi = {
  name: "bedrock.converse",
  matches: (path) => /\/model\/[^/]+\/converse(-stream)?$/.test(path),
  modelOf,
  isStream: ({ path }) => path.endsWith("-stream"),
  failure: FAILURE,
  reply: converseReply,
};

/** Bedrock InvokeModel with a model of Anthropic: that provider's bodies in AWS frames. */
export const BEDROCK_INVOKE: ProviderApi = {
  name: "bedrock.invoke",
  matches: (path) => /\/model\/[^/]+\/invoke(-with-response-stream)?$/.test(path),
  modelOf,
  isStream: ({ path }) => path.endsWith("-stream"),
  failure: FAILURE,
  reply: invokeReply,
};

function converseReply(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutReasoningCount(given);
  const usage = usageOf(answer, true);
  const usageRaw = {
    inputTokens: usage.input_uncached,
    outputTokens: usage.output_total,
    totalTokens: usage.input_total + usage.output_total,
    cacheReadInputTokens: usage.input_cached_read,
    cacheWriteInputTokens: usage.input_cache_write,
  };
  const body = {
    output: { message: { role: "assistant", content: [{ text: answer.text }] } },
    stopReason: "end_turn",
    usage: usageRaw,
    metrics: { latencyMs: 20 },
  };
  const isStream = BEDROCK_CONVERSE.isStream(request);
  const streamed = [
    eventStreamMessage("messageStart", { role: "assistant" }),
    ...piecesOf(answer.text).map((text) =>
      eventStreamMessage("contentBlockDelta", { contentBlockIndex: 0, delta: { text } }),
    ),
    eventStreamMessage("contentBlockStop", { contentBlockIndex: 0 }),
    eventStreamMessage("messageStop", { stopReason: "end_turn" }),
    eventStreamMessage("metadata", { usage: usageRaw, metrics: { latencyMs: 20 } }),
  ];
  return {
    contentType: isStream ? EVENT_STREAM_TYPE : JSON_TYPE,
    chunks: isStream ? streamed : [JSON.stringify(body)],
    isStream,
    responseId: null,
    responseModel: modelOf(request),
    usageRaw,
    usage,
    usageIsSent: true,
  };
}

function invokeReply(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutReasoningCount(given);
  const usageRaw = anthropicUsage(answer);
  const responseId = `msg_bdrk_${answer.number}`;
  const message = {
    id: responseId,
    type: "message",
    role: "assistant",
    model: modelOf(request),
    content: [{ type: "text", text: answer.text }],
    stop_reason: "end_turn",
    usage: usageRaw,
  };
  const isStream = BEDROCK_INVOKE.isStream(request);
  const events = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    ...piecesOf(answer.text).map((text) => ({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text },
    })),
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: usageRaw["output_tokens"] },
    },
    { type: "message_stop" },
  ];
  const streamed = events.map((event) =>
    eventStreamMessage("chunk", {
      bytes: Buffer.from(JSON.stringify(event)).toString("base64"),
    }),
  );
  return {
    contentType: isStream ? EVENT_STREAM_TYPE : JSON_TYPE,
    chunks: isStream ? streamed : [JSON.stringify(message)],
    isStream,
    responseId,
    responseModel: modelOf(request),
    usageRaw,
    usage: usageOf(answer, true),
    usageIsSent: true,
  };
}
