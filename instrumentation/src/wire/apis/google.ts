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

/** What takes the place of generateContent: a conversation that Google may keep, by models and by agents. */
export const GOOGLE_INTERACTIONS: WireApi = {
  name: "google.interactions",
  operation: "generate_content",
  provider: "gcp.gemini",
  path: /\/interactions$/,
  shape: [
    ["input", "continuation_token"],
    ["model", "agent"],
  ],
  usage: "google.interactions",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: {
      "gen_ai.request.max_tokens": ["generation_config.max_output_tokens"],
      "gen_ai.request.temperature": ["generation_config.temperature"],
      "gen_ai.request.top_p": ["generation_config.top_p"],
      "gen_ai.request.seed": ["generation_config.seed"],
      "gen_ai.request.stop_sequences": ["generation_config.stop_sequences"],
      "gen_ai.request.reasoning.level": ["generation_config.thinking_level"],
    },
  },
  response: {
    id: ["interaction.id", "id"],
    model: ["interaction.model", "model"],
    serviceTier: ["interaction.service_tier", "service_tier"],
    finishReasons: { at: ["interaction.status", "status"] },
    outputText: ["delta.text", "delta.arguments", "delta.content.text"],
    errorType: ["error.code", "error.status"],
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
