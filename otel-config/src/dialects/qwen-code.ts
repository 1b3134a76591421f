import { ofKind, own, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Qwen Code, which began as Gemini CLI: the same records under its own prefix, of whatever provider it is set to. Its
 * output contains the thoughts, as it does in the APIs that it speaks.
 */
export const QWEN_CODE: Dialect = {
  name: "qwen-code",
  signs: { names: ["qwen-code.*"], scopes: ["qwen-code"], services: ["qwen-code"] },
  records: [
    { name: "qwen-code.api_response", role: "inference" },
    { name: "qwen-code.api_error", role: "inference", isError: true },
    { name: "qwen-code.tool_call", role: "tool" },
    { name: "qwen-code.llm_request", role: "inference" },
    { name: "qwen-code.interaction", role: "agent" },
    { name: "qwen-code.tool", role: "tool" },
  ],
  fields: [
    own(text("request_model", "model")),
    own(text("response_id", "response_id")),
    own(tokens("input", "input_token_count", "input_tokens")),
    own(tokens("output", "output_token_count", "output_tokens")),
    own(tokens("cacheRead", "cached_content_token_count")),
    own(tokens("reasoning", "thoughts_token_count")),
    own(tokens("total", "total_token_count")),
    own(ofKind("milliseconds", "duration_ns", "duration_ms")),
    own(text("error_type", "error_type")),
    own(text("tool_name", "function_name")),
  ],
};
