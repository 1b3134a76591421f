import type { Answer } from "./answer.ts";
import { openAiFailure } from "./openai-chat.ts";
import { JSON_TYPE, SSE_TYPE, plainUsage, sse, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI images: made from words, or, sent as a form, from another image. */
export const OPENAI_IMAGES: ProviderApi = {
  name: "openai.images",
  matches: (path) => /\/images\/(generations|edits)$/.test(path),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === true || body["stream"] === "true",
  failure: openAiFailure,
  reply: replyTo,
};

const IMAGE = Buffer.from("not quite an image").toString("base64");
const PROMPT_TOKENS = 10;

function replyTo(request: ProviderRequest, { counts }: Answer): Reply {
  const isEdit = request.path.endsWith("/edits");
  const usageRaw = {
    input_tokens: counts.uncached,
    input_tokens_details: {
      text_tokens: isEdit ? PROMPT_TOKENS : counts.uncached,
      image_tokens: isEdit ? counts.uncached - PROMPT_TOKENS : 0,
    },
    output_tokens: counts.text,
    total_tokens: counts.uncached + counts.text,
  };
  const kind = isEdit ? "image_edit" : "image_generation";
  const isStream = OPENAI_IMAGES.isStream(request);
  const events = [
    { type: `${kind}.partial_image`, b64_json: IMAGE, partial_image_index: 0 },
    { type: `${kind}.completed`, b64_json: IMAGE, usage: usageRaw },
  ];
  const body = { created: 1_790_000_000, data: [{ b64_json: IMAGE }], usage: usageRaw };
  return {
    contentType: isStream ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? events.map((event) => sse(event, event.type)) : [JSON.stringify(body)],
    isStream,
    responseId: null,
    responseModel: null,
    usageRaw,
    usage: plainUsage(counts.uncached, counts.text),
    usageIsSent: true,
  };
}
