import { ofKind, own, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Codex CLI: the end of an answer's stream is the record of the call. Counts arrive as strings. Newer versions tell of it
 * twice, as of any event of the stream and once more with the usage.
 */
export const CODEX: Dialect = {
  name: "codex",
  provider: "openai",
  signs: { names: ["codex.*"], scopes: ["codex_otel*"], services: ["codex_cli_rs"] },
  openings: ["codex_otel", "codex_otel.log_only"],
  records: [{ name: "codex.tool_result", role: "tool" }],
  fields: [
    // `codex.api_request` is the same call before its answer; only the completed answer has usage.
    own(role("event.kind", { "response.completed": "inference" })),
    own(text("request_model", "model", "slug")),
    own(tokens("input", "input_token_count")),
    own(tokens("output", "output_token_count")),
    own(tokens("cacheRead", "cached_token_count")),
    own(tokens("reasoning", "reasoning_token_count")),
    own(ofKind("milliseconds", "duration_ns", "duration_ms")),
    own(text("session_id", "conversation.id")),
    own(text("user_id", "user.account_id")),
    own(text("tool_name", "tool_name")),
    own(text("tool_call_id", "call_id")),
  ],
};
