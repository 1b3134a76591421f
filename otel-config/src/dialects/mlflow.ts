import { count, json, kept, ofKind, own, providerUsage, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** MLflow tracing exported over OTLP: every value is JSON in a string, so that texts are quoted. */
export const MLFLOW: Dialect = {
  name: "mlflow",
  signs: { attributes: ["mlflow.*"] },
  fields: [
    role("mlflow.spanType", {
      LLM: "inference",
      CHAT_MODEL: "inference",
      EMBEDDING: "embedding",
      RERANKER: "rerank",
      TOOL: "tool",
      RETRIEVER: "retrieval",
      AGENT: "agent",
      CHAIN: "chain",
      WORKFLOW: "workflow",
      TASK: "step",
      PARSER: "other",
      UNKNOWN: "other",
    }),
    // OpenAI's calls say only whose format their messages have.
    kept(text("provider", "mlflow.llm.provider", "mlflow.message.format")),
    text("request_model", "mlflow.llm.model"),
    // The arguments of the call, under their own names.
    own(text("request_model", "model")),
    own(ofKind("boolean", "streaming", "stream")),
    json(
      "mlflow.chat.tokenUsage",
      count("input", "input_tokens"),
      count("output", "output_tokens"),
      count("total", "total_tokens"),
      count("cacheRead", "cache_read_input_tokens"),
      count("cacheWrite", "cache_creation_input_tokens"),
      count("cacheWrite1h", "cache_creation_input_tokens_above_1hr"),
    ),
    json("mlflow.llm.cost", {
      field: "client_cost_nano_usd",
      kind: "dollars",
      path: ["total_cost"],
    }),
    text("user_id", "mlflow.trace.user"),
    text("session_id", "mlflow.trace.session"),
    ofKind("content", "input_messages", "mlflow.spanInputs"),
    {
      ...ofKind("content", "output_messages", "mlflow.spanOutputs"),
      members: [{ field: "response_id", kind: "text", path: ["id"] }, providerUsage("usage")],
    },
  ],
};
