import { piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { openAiFailure } from "./openai-chat.ts";
import { JSON_TYPE, SSE_TYPE, plainUsage, sse, textOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** OpenAI transcriptions and translations: a form with a file; newer models count tokens, older ones seconds. */
export const OPENAI_TRANSCRIPTIONS: ProviderApi = {
  name: "openai.transcriptions",
  matches: (path) => /\/audio\/(transcriptions|translations)$/.test(path),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === "true",
  failure: openAiFailure,
  reply: transcriptionReply,
};

/** OpenAI speech: sounds, with no count, or events that end with one. */
export const OPENAI_SPEECH: ProviderApi = {
  name: "openai.speech",
  matches: (path) => path.endsWith("/audio/speech"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream_format"] === "sse",
  failure: openAiFailure,
  reply: speechReply,
};

/** Of the words that a transcription may be given beside its file. */
const PROMPT_TOKENS = 10;

function transcriptionReply(request: ProviderRequest, answer: Answer): Reply {
  const { counts, text } = answer;
  const model = OPENAI_TRANSCRIPTIONS.modelOf(request);
  const isCounted = model !== "whisper-1";
  const usageRaw = isCounted
    ? {
        type: "tokens",
        input_tokens: counts.uncached,
        input_token_details: {
          text_tokens: PROMPT_TOKENS,
          audio_tokens: counts.uncached - PROMPT_TOKENS,
        },
        output_tokens: counts.text,
        total_tokens: counts.uncached + counts.text,
      }
    : { type: "duration", seconds: 9 };
  const isStream = OPENAI_TRANSCRIPTIONS.isStream(request);
  const isJson = (request.body["response_format"] ?? "json") === "json";
  const events = [
    ...piecesOf(text).map((delta) => sse({ type: "transcript.text.delta", delta })),
    sse({ type: "transcript.text.done", text, usage: usageRaw }),
  ];
  const body = isJson ? JSON.stringify({ text, usage: usageRaw }) : text;
  const plainType = isJson ? JSON_TYPE : "text/plain; charset=utf-8";
  return {
    contentType: isStream ? SSE_TYPE : plainType,
    chunks: isStream ? events : [body],
    isStream,
    responseId: null,
    responseModel: null,
    usageRaw,
    usage: isCounted ? plainUsage(counts.uncached, counts.text) : null,
    usageIsSent: isStream || isJson,
  };
}

const SOUND = Buffer.from("not quite a sound");

function speechReply(request: ProviderRequest, { counts }: Answer): Reply {
  const isStream = OPENAI_SPEECH.isStream(request);
  const usageRaw = {
    input_tokens: counts.uncached,
    output_tokens: counts.text,
    total_tokens: counts.uncached + counts.text,
  };
  const events = [
    sse({ type: "speech.audio.delta", audio: SOUND.toString("base64") }),
    sse({ type: "speech.audio.done", usage: usageRaw }),
  ];
  return {
    contentType: isStream ? SSE_TYPE : "audio/mpeg",
    chunks: isStream ? events : [SOUND],
    isStream,
    responseId: null,
    responseModel: null,
    usageRaw: isStream ? usageRaw : {},
    usage: isStream ? plainUsage(counts.uncached, counts.text) : null,
    usageIsSent: isStream,
  };
}
