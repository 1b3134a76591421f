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
    finishReasons: {
      list: "candidates",
      at: ["finishReason"],
      instead: ["promptFeedback.blockReason"],
    },
    outputText: ["candidates[].content.parts[].text"],
    errorType: ["error.status"],
  },
};

/** Texts to vectors, one or many. */
export const GOOGLE_EMBED_CONTENT: WireApi = {
  name: "google.embed_content",
  operation: "embeddings",
  provider: "gcp.gemini",
  path: /\/models\/(?<model>[^/:]+):(?:embedContent|batchEmbedContents)$/,
  shape: [["content", "requests"]],
  usage: "google.embed_content",
  request: {
    attributes: {
      "gen_ai.embeddings.dimension.count": ["outputDimensionality"],
    },
  },
  response: { errorType: ["error.status"] },
};

/** The API of Vertex AI that all models of other kinds share; these are the ones for vectors. */
export const VERTEX_PREDICT_EMBEDDINGS: WireApi = {
  ...GOOGLE_EMBED_CONTENT,
  name: "google.predict.embeddings",
  provider: "gcp.vertex_ai",
  path: /\/models\/(?<model>[^/:]*embedding[^/:]*):predict$/,
  shape: [["instances"]],
  request: {
    attributes: { "gen_ai.embeddings.dimension.count": ["parameters.outputDimensionality"] },
  },
};

/** Imagen: counted by the image, and its answers say nothing of tokens. */
export const GOOGLE_PREDICT_IMAGES: WireApi = {
  name: "google.predict.images",
  operation: "image_generation",
  provider: "gcp.gemini",
  path: /\/models\/(?<model>imagen[^/:]*):predict$/,
  shape: [["instances"]],
  usage: "google.generate_content",
  request: { attributes: { "gen_ai.request.choice.count": ["parameters.sampleCount"] } },
  response: { errorType: ["error.status"] },
};
