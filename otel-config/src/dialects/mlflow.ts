import { count, json, ofKind, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** MLflow tracing exported over OTLP: JSON in strings. */
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
    text("provider", "mlflow.llm.provider"),
    text("request_model", "mlflow.llm.model"),
    json(
      "mlflow.chat.tokenUsage",
      count("input", "input_tokens"),
      count("output", "output_tokens"),
      count("total", "total_tokens"),
      count("cacheRead", "cache_read_input_tokens"),
      count("cacheWrite", "cache_creation_input_tokens"),
    ),
    json("mlflow.llm.cost", {
      field: "client_cost_nano_usd",
      kind: "dollars",
      path: ["total_cost"],
    }),
    text("user_id", "mlflow.trace.user"),
    text("session_id", "mlflow.trace.session"),
    ofKind("content", "input_messages", "mlflow.spanInputs"),
    ofKind("content", "output_messages", "mlflow.spanOutputs"),
  ],
};
