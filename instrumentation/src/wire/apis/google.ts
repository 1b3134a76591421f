import type { WireApi } from "../wire-api.ts";

/** Gemini, at Google AI and at Vertex AI. */
export const GOOGLE_GENERATE_CONTENT: WireApi = {
  name: "google.generate_content",
  operation: "generate_content",
  provider: "gcp.gemini",
  path: /\/models\/(?<model>[^/:]+):(?:generateContent|(?<stream>streamGenerateContent))$/,
  shape: [["contents"]],
  usage: "google.generate_content",
  request: {
    attributes: {
      "gen_ai.request.max_tokens": ["generationConfig.maxOutputTokens"],
      "gen_ai.request.temperature": ["generationConfig.temperature"],
      "gen_ai.request.top_p": ["generationConfig.topP"],
      "gen_ai.request.top_k": ["generationConfig.topK"],
      "gen_ai.request.seed": ["generationConfig.seed"],
      "gen_ai.request.choice.count": ["generationConfig.candidateCount"],
      "gen_ai.request.stop_sequences": ["generationConfig.stopSequences"],
    },
  },
  response: {
    id: ["responseId"],
    model: ["modelVersion"],
    finishReasons: { list: "candidates", at: ["finishReason"] },
    outputText: ["candidates[].content.parts[].text"],
    errorType: ["error.status"],
  },
};
