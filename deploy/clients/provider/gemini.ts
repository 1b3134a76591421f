import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { withoutCacheWrites } from "./openai-chat.ts";
import { JSON_TYPE, SSE_TYPE, sse, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/**
 * Gemini generateContent: cached input is part of the prompt, thoughts come on top of the candidates, what its
 * own tools brought on top of the prompt.
 */
export const GEMINI: ProviderApi = {
  name: "google.generateContent",
  matches: (path) => /:(streamG|g)enerateContent/.test(path),
  modelOf: ({ path }) => /models\/([^:/]+):/.exec(path)?.[1] ?? "",
  isStream: ({ path }) => path.includes(":streamGenerateContent"),
  failure: ({ number }, status) => {
    const name = status === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL";
    return JSON.stringify({ error: { code: status, message: `refused ${number}`, status: name } });
  },
  reply: replyTo,
};

/** What Google Search was asked, as the answer tells it. */
const GROUNDING = { webSearchQueries: ["weather tomorrow"] };

function replyTo(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutCacheWrites(given);
  const usage = usageOf(answer, false);
  const { toolUse } = answer.counts;
  const usageRaw = {
    promptTokenCount: usage.input_total - toolUse,
    candidatesTokenCount: usage.output_total - usage.output_reasoning,
    totalTokenCount: usage.input_total + usage.output_total,
    ...(usage.input_cached_read > 0 && { cachedContentTokenCount: usage.input_cached_read }),
    ...(toolUse > 0 && { toolUsePromptTokenCount: toolUse }),
    ...(usage.output_reasoning > 0 && { thoughtsTokenCount: usage.output_reasoning }),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input_total - toolUse }],
  };
  const responseId = `gemini-${answer.number.toString().padStart(6, "0")}`;
  const modelVersion = GEMINI.modelOf(request);
  const part = answer.toolCall
    ? { functionCall: { name: TOOL_NAME, args: { city: "Oslo" } } }
    : { text: answer.text };
  const chunkOf = (parts: readonly object[], isLast: boolean) => ({
    candidates: [
      {
        index: 0,
        content: { role: "model", parts },
        ...(isLast && { finishReason: "STOP" }),
        ...(isLast && toolUse > 0 && { groundingMetadata: GROUNDING }),
      },
    ],
    ...(isLast && { usageMetadata: usageRaw }),
    modelVersion,
    responseId,
  });
  const isStream = GEMINI.isStream(request);
  const pieces = piecesOf(answer.text);
  const parts = pieces.map((text, at) => chunkOf([{ text }], at === pieces.length - 1));
  const isSse = isStream && request.query.includes("alt=sse");
  const streamed = isSse ? parts.map((each) => sse(each)) : listOf(parts);
  return {
    contentType: isSse ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? streamed : [JSON.stringify(chunkOf([part], true))],
    isStream,
    responseId,
    responseModel: modelVersion,
    usageRaw,
    usage,
    usageIsSent: true,
  };
}

/** A stream that was not asked for as events: one list, piece by piece. */
function listOf(parts: readonly object[]): string[] {
  return parts.map((part, at) => {
    const end = at === parts.length - 1 ? "]" : "";
    return `${at === 0 ? "[" : ","}${JSON.stringify(part)}${end}`;
  });
}
