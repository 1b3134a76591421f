import { ofKind, own, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Gemini CLI: two log records, a span and two metrics say the same call; output leaves thoughts out, input what tools brought. */
export const GEMINI_CLI: Dialect = {
  name: "gemini-cli",
  provider: "gcp.gemini",
  signs: { names: ["gemini_cli.*"], scopes: ["gemini-cli"], services: ["gemini-cli"] },
  records: [
    { name: "gemini_cli.api_response", role: "inference" },
    { name: "gemini_cli.api_error", role: "inference", isError: true },
    { name: "gemini_cli.tool_call", role: "tool" },
  ],
  fields: [
    own(text("request_model", "model")),
    own(tokens("input", "input_token_count")),
    own(tokens("toolUsePrompt", "tool_token_count")),
    own(tokens("output", "output_token_count")),
    own(tokens("cacheRead", "cached_content_token_count")),
    own(tokens("reasoning", "thoughts_token_count")),
    own(tokens("total", "total_token_count")),
    own(ofKind("milliseconds", "duration_ns", "duration_ms")),
    own(text("error_type", "error_type")),
    own(text("user_id", "installation.id")),
    own(text("tool_name", "function_name")),
  ],
};
