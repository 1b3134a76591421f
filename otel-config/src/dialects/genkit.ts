import { count, kept, ofKind, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Firebase Genkit: usage is only inside the answer's JSON, on the model's span and on the helper around it. */
export const GENKIT: Dialect = {
  name: "genkit",
  signs: { attributes: ["genkit:*"], scopes: ["genkit-tracer"] },
  fields: [
    role("genkit:metadata:subtype", {
      model: "inference",
      "background-model": "inference",
      embedder: "embedding",
      reranker: "rerank",
      tool: "tool",
      "tool.v2": "tool",
      retriever: "retrieval",
      indexer: "other",
      evaluator: "other",
      prompt: "other",
      agent: "agent",
      flow: "workflow",
      util: "chain",
    }),
    {
      ...role("genkit:type", { util: "chain", flow: "workflow", flowStep: "step" }),
      isFallback: true,
    },
    kept(ofKind("provider_model", "request_model", "genkit:name")),
    { ...ofKind("error", "", "genkit:state"), keep: true, errors: ["error"] },
    text("session_id", "genkit:sessionId"),
    ofKind("content", "input_messages", "genkit:input"),
    {
      ...ofKind("content", "output_messages", "genkit:output"),
      members: [
        count("input", "usage", "inputTokens"),
        count("output", "usage", "outputTokens"),
        count("total", "usage", "totalTokens"),
        count("toolUsePrompt", "custom", "usageMetadata", "toolUsePromptTokenCount"),
        count("cacheRead", "usage", "cachedContentTokens"),
        count("reasoning", "usage", "thoughtsTokens"),
        // Plugins of OpenAI's APIs leave these two only in the provider's own answer.
        count("cacheRead", "raw", "usage", "prompt_tokens_details", "cached_tokens"),
        count("reasoning", "raw", "usage", "completion_tokens_details", "reasoning_tokens"),
        { field: "response_id", kind: "text", path: ["raw", "id"] },
        { field: "response_model", kind: "text", path: ["raw", "model"] },
        { field: "finish_reasons", kind: "text_list", path: ["finishReason"] },
      ],
    },
  ],
};
