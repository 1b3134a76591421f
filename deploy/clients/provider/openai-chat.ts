import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { JSON_TYPE, SSE_TYPE, sse, textOf, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI chat completions: cached input is part of the input, nothing is said about cache writes. */
export const OPENAI_CHAT: ProviderApi = {
  name: "openai.chat",
  matches: (path) => path.endsWith("/chat/completions"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === true,
  failure: openAiFailure,
  reply: (request, answer) =>
    OPENAI_CHAT.isStream(request) ? streamReply(request, answer) : plainReply(request, answer),
};

export function openAiFailure({ number }: Answer, status: number): string {
  const type = status === 429 ? "rate_limit_error" : "server_error";
  return JSON.stringify({ error: { message: `refused ${number}`, type, code: null, param: null } });
}

/** OpenAI writes to its caches for free, and so does not count it: those tokens are plain input. */
export function withoutCacheWrites(answer: Answer): Answer {
  const { uncached, cacheWrite5m, cacheWrite1h } = answer.counts;
  const counts = {
    ...answer.counts,
    uncached: uncached + cacheWrite5m + cacheWrite1h,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
  };
  return { ...answer, counts };
}

function factsOf(request: ProviderRequest, given: Answer) {
  const answer = withoutCacheWrites(given);
  const usage = usageOf(answer, false);
  const usageRaw = {
    prompt_tokens: usage.input_total,
    completion_tokens: usage.output_total,
    total_tokens: usage.input_total + usage.output_total,
    prompt_tokens_details: { cached_tokens: usage.input_cached_read, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.output_reasoning, audio_tokens: 0 },
  };
  const responseId = `chatcmpl-${answer.number.toString().padStart(6, "0")}`;
  const responseModel = `${OPENAI_CHAT.modelOf(request)}-2024-07-18`;
  return { usage, usageRaw, responseId, responseModel };
}

const TOOL_CALLS = [
  {
    index: 0,
    id: "call_1",
    type: "function",
    function: { name: TOOL_NAME, arguments: '{"city":"Oslo"}' },
  },
];

const headOf = (id: string, model: string) => ({ id, model, created: 1_790_000_000 });

function plainReply(request: ProviderRequest, answer: Answer): Reply {
  const facts = factsOf(request, answer);
  const message = answer.toolCall
    ? { role: "assistant", content: null, tool_calls: TOOL_CALLS }
    : { role: "assistant", content: contentOf(request, answer), refusal: null };
  const body = {
    ...headOf(facts.responseId, facts.responseModel),
    object: "chat.completion",
    choices: choicesOf(request, { message, finish_reason: finishOf(answer), logprobs: null }),
    usage: facts.usageRaw,
    service_tier: "default",
  };
  return {
    ...facts,
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    usageIsSent: true,
  };
}

/** As many as were asked for, all alike. */
function choicesOf({ body }: ProviderRequest, choice: object): object[] {
  const count = typeof body["n"] === "number" ? body["n"] : 1;
  return Array.from({ length: count }, (_, index) => Object.assign({ index }, choice));
}

const finishOf = ({ toolCall }: Answer): string => (toolCall ? "tool_calls" : "stop");

/** Structured outputs want JSON of the schema: the one of the scenarios has one text. */
function contentOf({ body }: ProviderRequest, { text }: Answer): string {
  return body["response_format"] === undefined ? text : JSON.stringify({ summary: text });
}

const MISTRAL_MODEL = /^(?:mistral|codestral)/;

function streamReply(request: ProviderRequest, answer: Answer): Reply {
  const facts = factsOf(request, answer);
  const options = request.body["stream_options"] as { include_usage?: boolean } | undefined;
  // Mistral sends it unasked, with the reason why the answer ended.
  const isMistral = MISTRAL_MODEL.test(facts.responseModel);
  const usageIsSent = options?.include_usage === true || isMistral;
  const chunk = (
    delta: object,
    finish: string | null = null,
    usage: object | null = null,
  ): string =>
    sse({
      ...headOf(facts.responseId, facts.responseModel),
      object: "chat.completion.chunk",
      choices: choicesOf(request, { delta, finish_reason: finish }),
      ...(usageIsSent && (usage !== null || !isMistral) && { usage }),
    });
  const last = {
    ...headOf(facts.responseId, facts.responseModel),
    object: "chat.completion.chunk",
    choices: [],
    usage: facts.usageRaw,
  };
  const deltas = answer.toolCall
    ? [{ tool_calls: TOOL_CALLS }]
    : piecesOf(contentOf(request, answer)).map((content) => ({ content }));
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, finishOf(answer), isMistral ? facts.usageRaw : null),
    ...(usageIsSent && !isMistral ? [sse(last)] : []),
    sse("[DONE]"),
  ];
  return { ...facts, contentType: SSE_TYPE, chunks, isStream: true, usageIsSent };
}
