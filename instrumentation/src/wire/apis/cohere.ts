import type { WireApi } from "../wire-api.ts";

/** Cohere's own APIs; others copied the one for reranking. */

export const COHERE_CHAT: WireApi = {
  name: "cohere.chat",
  operation: "chat",
  provider: "cohere",
  path: /\/v2\/chat$/,
  shape: [["messages"], ["model"]],
  usage: "cohere.chat",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: {
      "gen_ai.request.max_tokens": ["max_tokens"],
      "gen_ai.request.temperature": ["temperature"],
      "gen_ai.request.top_p": ["p"],
      "gen_ai.request.top_k": ["k"],
      "gen_ai.request.frequency_penalty": ["frequency_penalty"],
      "gen_ai.request.presence_penalty": ["presence_penalty"],
      "gen_ai.request.seed": ["seed"],
      "gen_ai.request.stop_sequences": ["stop_sequences"],
    },
  },
  response: {
    id: ["id"],
    finishReasons: { at: ["delta.finish_reason", "finish_reason"] },
    outputText: ["delta.message.content.text", "delta.message.tool_calls.function.arguments"],
  },
};

export const COHERE_EMBED: WireApi = {
  name: "cohere.embed",
  operation: "embeddings",
  provider: "cohere",
  path: /\/v[12]\/embed$/,
  shape: [["texts", "images", "inputs"], ["model"]],
  usage: "cohere.chat",
  request: {
    model: ["model"],
    attributes: {
      "gen_ai.embeddings.dimension.count": ["output_dimension"],
      "gen_ai.request.encoding_formats": ["embedding_types"],
    },
  },
  response: { id: ["id"] },
};

export const COHERE_RERANK: WireApi = {
  name: "cohere.rerank",
  operation: "rerank",
  provider: "cohere",
  path: /\/v[12]\/rerank$/,
  shape: [["query"], ["documents"], ["model"]],
  usage: "cohere.chat",
  request: { model: ["model"], attributes: {} },
  response: { id: ["id"] },
};
