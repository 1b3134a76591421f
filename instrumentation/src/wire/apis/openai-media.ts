import type { WireApi } from "../wire-api.ts";

/** OpenAI's APIs for images and sounds; what is uploaded comes as a form. */

export const OPENAI_IMAGES: WireApi = {
  name: "openai.images",
  operation: "image_generation",
  provider: "openai",
  path: /(?:\/deployments\/(?<model>[^/]+))?\/images\/(?:generations|edits|variations)$/,
  shape: [
    ["prompt", "image", "image[]"],
    ["model", "image", "image[]"],
  ],
  usage: "openai.images",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: { "gen_ai.request.choice.count": ["n"] },
  },
  response: { errorType: ["error.code", "error.type"] },
};

export const OPENAI_TRANSCRIPTIONS: WireApi = {
  name: "openai.transcriptions",
  operation: "transcription",
  provider: "openai",
  path: /(?:\/deployments\/(?<model>[^/]+))?\/audio\/(?:transcriptions|translations)$/,
  shape: [["file", "file_url", "file_id"], ["model"]],
  usage: "openai.transcriptions",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: { "gen_ai.request.temperature": ["temperature"] },
  },
  response: {
    model: ["model"],
    outputText: ["delta"],
    errorType: ["error.code", "error.type"],
    // Subtitles, and the words alone.
    plainTypes: /^(?:text\/|application\/x-subrip$)/,
  },
};

export const OPENAI_SPEECH: WireApi = {
  name: "openai.speech",
  operation: "speech",
  provider: "openai",
  path: /(?:\/deployments\/(?<model>[^/]+))?\/audio\/speech$/,
  shape: [["input"], ["model"]],
  usage: "openai.speech",
  request: {
    model: ["model"],
    attributes: { "gen_ai.request.encoding_formats": ["response_format"] },
  },
  response: {
    errorType: ["error.code", "error.type"],
    plainTypes: /^(?:audio\/|application\/octet-stream$)/,
  },
};
