import type { WireApi } from "../wire-api.ts";

/** Ollama's own APIs: answers are streams of lines unless the request says no, and carry no id. */

const OPTIONS = {
  "gen_ai.request.max_tokens": ["options.num_predict"],
  "gen_ai.request.temperature": ["options.temperature"],
  "gen_ai.request.top_p": ["options.top_p"],
  "gen_ai.request.top_k": ["options.top_k"],
  "gen_ai.request.seed": ["options.seed"],
  "gen_ai.request.stop_sequences": ["options.stop"],
};

export const OLLAMA_CHAT: WireApi = {
  name: "ollama.chat",
  operation: "chat",
  provider: "ollama",
  path: /\/api\/chat$/,
  shape: [["messages"], ["model"]],
  usage: "ollama",
  request: { model: ["model"], stream: ["stream"], isStreamByDefault: true, attributes: OPTIONS },
  response: {
    model: ["model"],
    finishReasons: { at: ["done_reason"] },
    outputText: ["message.content", "message.thinking"],
  },
};

export const OLLAMA_GENERATE: WireApi = {
  ...OLLAMA_CHAT,
  name: "ollama.generate",
  operation: "text_completion",
  path: /\/api\/generate$/,
  shape: [["prompt"], ["model"]],
  response: { ...OLLAMA_CHAT.response, outputText: ["response", "thinking"] },
};

export const OLLAMA_EMBED: WireApi = {
  name: "ollama.embed",
  operation: "embeddings",
  provider: "ollama",
  path: /\/api\/embed(?:dings)?$/,
  shape: [["input", "prompt"], ["model"]],
  usage: "ollama",
  request: {
    model: ["model"],
    attributes: { "gen_ai.embeddings.dimension.count": ["dimensions"] },
  },
  response: { model: ["model"] },
};
