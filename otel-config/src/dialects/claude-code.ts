import { ofKind, own, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Claude Code: one call as a log record, as a span and as metric points. Input leaves cached tokens out.
 * Older versions sent numbers as strings, and the event name without its prefix.
 */
export const CLAUDE_CODE: Dialect = {
  name: "claude-code",
  provider: "anthropic",
  signs: {
    services: ["claude-code"],
    names: ["claude_code.*"],
    scopes: ["com.anthropic.claude_code*"],
  },
  records: [
    { name: "api_request", role: "inference" },
    { name: "claude_code.api_request", role: "inference" },
    { name: "api_error", role: "inference", isError: true },
    { name: "claude_code.api_error", role: "inference", isError: true },
    { name: "claude_code.llm_request", role: "inference" },
    { name: "llm_request", role: "inference" },
    { name: "claude_code.interaction", role: "agent" },
    { name: "claude_code.tool", role: "tool" },
    { name: "tool_result", role: "tool" },
    { name: "claude_code.tool_result", role: "tool" },
  ],
  fields: [
    own(
      role("span.type", {
        llm_request: "inference",
        "claude_code.llm_request": "inference",
        interaction: "agent",
        tool: "tool",
      }),
    ),
    own(text("request_model", "model")),
    own(text("response_id", "request_id")),
    own(tokens("input", "input_tokens")),
    own(tokens("output", "output_tokens")),
    own(tokens("cacheRead", "cache_read_tokens")),
    own(tokens("cacheWrite", "cache_creation_tokens")),
    own(ofKind("dollars", "client_cost_nano_usd", "cost_usd")),
    own(ofKind("milliseconds", "duration_ns", "duration_ms")),
    own(ofKind("milliseconds", "ttft_ns", "ttft_ms")),
    own(text("error_type", "status_code")),
    own({ ...ofKind("error", "", "success"), errors: ["false"] }),
    own(text("user_id", "user.account_uuid")),
    own(text("tenant", "organization.id")),
    own(text("agent_name", "agent.name", "skill.name")),
    own(text("tool_name", "tool_name")),
    own(text("tool_call_id", "tool_use_id")),
  ],
};
