import type { Answer } from "./answer.ts";
import { openAiFailure } from "./openai-chat.ts";
import { JSON_TYPE, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI embeddings: input only, and no id. */
export const OPENAI_EMBEDDINGS: ProviderApi = {
  name: "openai.embeddings",
  matches: (path) => path.endsWith("/embeddings"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: () => false,
  failure: openAiFailure,
  reply: replyTo,
};

const VECTOR = [0.25, -0.5, 0.125, 0];

function replyTo(request: ProviderRequest, { counts }: Answer): Reply {
  const { input, encoding_format } = request.body;
  const inputs = Array.isArray(input) ? input : [input];
  const embedding =
    encoding_format === "base64"
      ? Buffer.from(Float32Array.from(VECTOR).buffer).toString("base64")
      : VECTOR;
  const usageRaw = { prompt_tokens: counts.uncached, total_tokens: counts.uncached };
  const model = OPENAI_EMBEDDINGS.modelOf(request);
  const body = {
    object: "list",
    model,
    data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
    usage: usageRaw,
  };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId: null,
    responseModel: model,
    usageRaw,
    usage: {
      input_total: counts.uncached,
      input_cached_read: 0,
      input_cache_write: 0,
      input_uncached: counts.uncached,
      output_total: 0,
      output_reasoning: 0,
      total: counts.uncached,
      provider_input_field_includes_cache: true,
    },
    usageIsSent: true,
  };
}
