import type { Answer } from "./answer.ts";
import { openAiFailure } from "./openai-chat.ts";
import { JSON_TYPE, plainUsage, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI embeddings: input only, and no id; Mistral's copy has one. */
export const OPENAI_EMBEDDINGS: ProviderApi = {
  name: "openai.embeddings",
  matches: (path) => path.endsWith("/embeddings"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: () => false,
  failure: openAiFailure,
  reply: replyTo,
};

const VECTOR = [0.25, -0.5, 0.125, 0];

function replyTo(request: ProviderRequest, { counts, number }: Answer): Reply {
  const { input, encoding_format } = request.body;
  const inputs = Array.isArray(input) ? input : [input];
  const embedding =
    encoding_format === "base64"
      ? Buffer.from(Float32Array.from(VECTOR).buffer).toString("base64")
      : VECTOR;
  const model = OPENAI_EMBEDDINGS.modelOf(request);
  const responseId = model.startsWith("mistral") ? `embd-${number}` : null;
  const usageRaw = {
    prompt_tokens: counts.uncached,
    total_tokens: counts.uncached,
    ...(responseId !== null && { completion_tokens: 0 }),
  };
  const body = {
    ...(responseId !== null && { id: responseId }),
    object: "list",
    model,
    data: inputs.map((_, index) => ({ object: "embedding", index, embedding })),
    usage: usageRaw,
  };
  return {
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(body)],
    isStream: false,
    responseId,
    responseModel: model,
    usageRaw,
    usage: plainUsage(counts.uncached, 0),
    usageIsSent: true,
  };
}
