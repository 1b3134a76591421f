import { count, json, kept, ofKind, own, providerUsage, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

const LANGCHAIN_ANSWER = ["generations", "0", "0", "message", "kwargs"] as const;
const LANGCHAIN_USAGE = [...LANGCHAIN_ANSWER, "usage_metadata"] as const;

/** OpenInference (Arize): `llm.*` beside a span kind. Sends no response id except inside the answer's JSON. */
export const OPENINFERENCE: Dialect = {
  name: "openinference",
  signs: {
    attributes: [
      "openinference.*",
      "llm.token_count.*",
      "llm.model_name",
      "llm.input_messages.*",
      "llm.output_messages.*",
    ],
    scopes: ["openinference*", "@arizeai/openinference-*"],
  },
  records: [
    // LlamaIndex's preparation of a call, traced as if it were one.
    { name: "*._prepare_chat_with_tools", role: "step", overrules: true },
  ],
  fields: [
    role("openinference.span.kind", {
      LLM: "inference",
      // A model that answers typed questions: what it used is under names of its own.
      DECISION: "inference",
      EMBEDDING: "embedding",
      RERANKER: "rerank",
      TOOL: "tool",
      RETRIEVER: "retrieval",
      AGENT: "agent",
      CHAIN: "chain",
      PROMPT: "other",
      GUARDRAIL: "other",
      EVALUATOR: "other",
      // Of Envoy's gateway: asked what a prompt would count, for which no provider charges.
      TOKEN_COUNTER: "other",
    }),
    kept(text("provider", "llm.provider", "llm.system", "embedding.provider", "decision.provider")),
    text(
      "request_model",
      "llm.request.model_name",
      "llm.model_name",
      "embedding.model_name",
      "reranker.model_name",
      "decision.request.model_name",
      "decision.model_name",
    ),
    text("response_model", "llm.response.model_name", "decision.response.model_name"),
    ofKind("text_list", "finish_reasons", "llm.finish_reason"),
    tokens("input", "llm.token_count.prompt", "decision.token_count.input"),
    tokens("output", "llm.token_count.completion", "decision.token_count.output"),
    tokens("total", "llm.token_count.total"),
    tokens(
      "cacheRead",
      "llm.token_count.prompt_details.cache_read",
      // Of BeeAI, whose usage has a place for it and whose totals contain it.
      "metadata.usage.cached_prompt_tokens",
    ),
    tokens(
      "cacheWrite",
      "llm.token_count.prompt_details.cache_write",
      "metadata.usage.cached_creation_tokens",
    ),
    tokens("reasoning", "llm.token_count.completion_details.reasoning"),
    tokens("audioInput", "llm.token_count.prompt_details.audio"),
    tokens("audioOutput", "llm.token_count.completion_details.audio"),
    ofKind("dollars", "client_cost_nano_usd", "llm.cost.total"),
    json("llm.invocation_parameters", { field: "streaming", kind: "boolean", path: ["stream"] }),
    text("agent_name", "agent.name"),
    text("tool_name", "tool.name"),
    text("tool_call_id", "tool_call.id"),
    own(text("tool_call_id", "tool.id")),
    own(text("prompt_name", "prompt.id")),
    text("prompt_version", "llm.prompt_template.version"),
    own(
      json(
        "metadata",
        // What LangChain says of its models, some of which say nothing else.
        { field: "provider", kind: "text", path: ["ls_provider"] },
        { field: "request_model", kind: "text", path: ["ls_model_name"] },
        { field: "user_id", kind: "text", path: ["user_id"] },
        { field: "session_id", kind: "text", path: ["session_id"] },
        { field: "session_id", kind: "text", path: ["thread_id"] },
      ),
    ),
    ofKind("content", "input_messages", "input.value"),
    {
      ...ofKind("content", "output_messages", "output.value"),
      members: [
        { field: "response_id", kind: "text", path: ["id"] },
        providerUsage("usage"),
        // LangChain's, with what providers said and what it made of that: inclusive, as the counts beside it.
        providerUsage(...LANGCHAIN_ANSWER, "response_metadata", "usage"),
        count("cacheRead", ...LANGCHAIN_USAGE, "input_token_details", "cache_read"),
        count("cacheWrite", ...LANGCHAIN_USAGE, "input_token_details", "cache_creation"),
        count("reasoning", ...LANGCHAIN_USAGE, "output_token_details", "reasoning"),
        // Google's, of Vertex AI's first SDK and of the newer one.
        { field: "response_id", kind: "text", path: ["response_id"] },
        providerUsage("usage_metadata"),
        { field: "response_id", kind: "text", path: ["responseId"] },
        providerUsage("usageMetadata"),
        // Haystack's embedders have it nowhere else.
        providerUsage("meta", "usage"),
        // Cohere's embeddings and rankings.
        providerUsage("meta"),
      ],
    },
  ],
};
