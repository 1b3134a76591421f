import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { JSON_TYPE, SSE_TYPE, plainUsage, sse, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Cohere's own APIs: counts are of what is billed, beside what the model saw. */

const modelOf = ({ body }: ProviderRequest): string => textOf(body["model"]);
const failure = ({ number }: Answer): string => JSON.stringify({ message: `refused ${number}` });
const idOf = ({ number }: Answer): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

export const COHERE_CHAT: ProviderApi = {
  name: "cohere.chat",
  matches: (path) => path.endsWith("/v2/chat"),
  modelOf,
  isStream: ({ body }) => body["stream"] === true,
  failure,
  reply: chatReply,
};

export const COHERE_EMBED: ProviderApi = {
  name: "cohere.embed",
  matches: (path) => path.endsWith("/v2/embed"),
  modelOf,
  isStream: () => false,
  failure,
  reply: embedReply,
};

export const COHERE_RERANK: ProviderApi = {
  name: "cohere.rerank",
  matches: (path) => path.endsWith("/v2/rerank"),
  modelOf,
  isStream: () => false,
  failure,
  reply: rerankReply,
};

/** What the model sees beside what is billed: its own frame around the messages. */
const FRAME_TOKENS = 66;

const TOOL_CALLS = [
  { id: "call_1", type: "function", function: { name: TOOL_NAME, arguments: '{"city":"Oslo"}' } },
];

function chatReply(request: ProviderRequest, answer: Answer): Reply {
  const { uncached, text } = answer.counts;
  const usageRaw = {
    billed_units: { input_tokens: uncached, output_tokens: text },
    tokens: { input_tokens: uncached + FRAME_TOKENS, output_tokens: text },
  };
  const id = idOf(answer);
  const finish_reason = answer.toolCall ? "TOOL_CALL" : "COMPLETE";
  const message = answer.toolCall
    ? { role: "assistant", tool_plan: "", tool_calls: TOOL_CALLS }
    : { role: "assistant", content: [{ type: "text", text: answer.text }] };
  const events = [
    { type: "message-start", id, delta: { message: { role: "assistant" } } },
    {
      type: "content-start",
      index: 0,
      delta: { message: { content: { type: "text", text: "" } } },
    },
    ...piecesOf(answer.text).map((piece) => ({
      type: "content-delta",
      index: 0,
      delta: { message: { content: { text: piece } } },
    })),
    { type: "content-end", index: 0 },
    { type: "message-end", id, delta: { finish_reason, usage: usageRaw } },
  ];
  const isStream = COHERE_CHAT.isStream(request);
  const body = { id, finish_reason, message, usage: usageRaw };
  return {
    contentType: isStream ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? events.map((event) => sse(event, event.type)) : [JSON.stringify(body)],
    isStream,
    responseId: id,
    responseModel: null,
    usageRaw,
    usage: plainUsage(uncached, text),
    usageIsSent: true,
  };
}

function embedReply(request: ProviderRequest, answer: Answer): Reply {
  const { uncached } = answer.counts;
  const texts = (request.body["texts"] ?? []) as readonly string[];
  const usageRaw = { billed_units: { input_tokens: uncached } };
  const body = {
    id: idOf(answer),
    response_type: "embeddings_by_type",
    embeddings: { float: texts.map(() => [0.25, -0.5]) },
    texts,
    meta: { api_version: { version: "2" }, ...usageRaw },
  };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId: idOf(answer),
    responseModel: null,
    usageRaw,
    usage: plainUsage(uncached, 0),
    usageIsSent: true,
  };
}

/** Charged by the search, in which there are no tokens. */
function rerankReply(request: ProviderRequest, answer: Answer): Reply {
  const usageRaw = { billed_units: { search_units: 1 } };
  const body = {
    id: idOf(answer),
    results: [{ index: 0, relevance_score: 0.5 }],
    meta: { api_version: { version: "2" }, ...usageRaw },
  };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId: idOf(answer),
    responseModel: null,
    usageRaw,
    usage: null,
    usageIsSent: true,
  };
}
