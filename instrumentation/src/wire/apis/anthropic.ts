import type { WireApi } from "../wire-api.ts";

/** Anthropic messages, also as Vertex AI serves them. */
export const ANTHROPIC_MESSAGES: WireApi = {
  name: "anthropic.messages",
  operation: "chat",
  provider: "anthropic",
  path: /\/v1\/messages$|\/publishers\/anthropic\/models\/(?<model>[^/:]+):(?:rawPredict|(?<stream>streamRawPredict))$/,
  shape: [["messages"], ["max_tokens"]],
  usage: "anthropic.messages",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: {
      "gen_ai.request.max_tokens": ["max_tokens"],
      "gen_ai.request.temperature": ["temperature"],
      "gen_ai.request.top_p": ["top_p"],
      "gen_ai.request.top_k": ["top_k"],
      "gen_ai.request.stop_sequences": ["stop_sequences"],
    },
  },
  response: {
    id: ["message.id", "id"],
    model: ["message.model", "model"],
    serviceTier: ["message.usage.service_tier", "usage.service_tier"],
    finishReasons: { at: ["delta.stop_reason", "stop_reason"] },
    outputText: ["delta.text", "delta.thinking", "delta.partial_json"],
    errorType: ["error.type"],
  },
};
