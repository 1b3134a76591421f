import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { JSON_TYPE, NDJSON_TYPE, line, plainUsage, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Ollama's own APIs: no ids, and streams of lines that a request must refuse. */

const modelOf = ({ body }: ProviderRequest): string => textOf(body["model"]);
const isStream = ({ body }: ProviderRequest): boolean => body["stream"] !== false;
const failure = ({ number }: Answer): string => JSON.stringify({ error: `refused ${number}` });

export const OLLAMA_CHAT: ProviderApi = {
  name: "ollama.chat",
  matches: (path) => path.endsWith("/api/chat"),
  modelOf,
  isStream,
  failure,
  reply: (request, answer) =>
    textReply(request, answer, (content) => ({ message: { role: "assistant", content } })),
};

export const OLLAMA_GENERATE: ProviderApi = {
  name: "ollama.generate",
  matches: (path) => path.endsWith("/api/generate"),
  modelOf,
  isStream,
  failure,
  reply: (request, answer) => textReply(request, answer, (response) => ({ response })),
};

export const OLLAMA_EMBED: ProviderApi = {
  name: "ollama.embed",
  matches: (path) => path.endsWith("/api/embed"),
  modelOf,
  isStream: () => false,
  failure,
  reply: embedReply,
};

const TOOL_MESSAGE = {
  message: {
    role: "assistant",
    content: "",
    tool_calls: [{ function: { name: TOOL_NAME, arguments: { city: "Oslo" } } }],
  },
};

function textReply(
  request: ProviderRequest,
  answer: Answer,
  part: (text: string) => object,
): Reply {
  const { uncached, text } = answer.counts;
  const model = modelOf(request);
  const head = { model, created_at: "2026-09-22T00:00:00.000Z" };
  const usageRaw = { prompt_eval_count: uncached, eval_count: text };
  const end = { done: true, done_reason: "stop", total_duration: 20_000_000, ...usageRaw };
  const isStreamed = isStream(request);
  const whole = answer.toolCall ? TOOL_MESSAGE : part(answer.text);
  const lines = [
    ...piecesOf(answer.text).map((piece) => line({ ...head, ...part(piece), done: false })),
    line({ ...head, ...part(""), ...end }),
  ];
  return {
    contentType: isStreamed ? NDJSON_TYPE : JSON_TYPE,
    chunks: isStreamed ? lines : [JSON.stringify({ ...head, ...whole, ...end })],
    isStream: isStreamed,
    responseId: null,
    responseModel: model,
    usageRaw,
    usage: plainUsage(uncached, text),
    usageIsSent: true,
  };
}

function embedReply(request: ProviderRequest, { counts }: Answer): Reply {
  const model = modelOf(request);
  const usageRaw = { prompt_eval_count: counts.uncached };
  const body = { model, embeddings: [[0.25, -0.5]], total_duration: 20_000_000, ...usageRaw };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId: null,
    responseModel: model,
    usageRaw,
    usage: plainUsage(counts.uncached, 0),
    usageIsSent: true,
  };
}
