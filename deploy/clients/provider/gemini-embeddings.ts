import type { Answer } from "./answer.ts";
import { GEMINI } from "./gemini.ts";
import { JSON_TYPE, plainUsage } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Gemini's vectors, of one text or of many. */
export const GEMINI_EMBEDDINGS: ProviderApi = {
  name: "google.embedContent",
  matches: (path) => /:(embedContent|batchEmbedContents)$/.test(path),
  modelOf: GEMINI.modelOf,
  isStream: () => false,
  failure: GEMINI.failure,
  reply: replyTo,
};

const VECTOR = { values: [0.25, -0.5] };

function replyTo(request: ProviderRequest, { counts }: Answer): Reply {
  const { requests } = request.body;
  const usageRaw = { promptTokenCount: counts.uncached };
  const body = Array.isArray(requests)
    ? { embeddings: requests.map(() => VECTOR), usageMetadata: usageRaw }
    : { embedding: VECTOR, usageMetadata: usageRaw };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId: null,
    responseModel: null,
    usageRaw,
    usage: plainUsage(counts.uncached, 0),
    usageIsSent: true,
  };
}
