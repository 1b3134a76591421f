import { ofKind, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Mastra: one span of each model call carries the usage, the innermost in newer versions. */
export const MASTRA: Dialect = {
  name: "mastra",
  signs: { attributes: ["mastra.*"], scopes: ["@mastra/*", "mastra*"] },
  fields: [
    role("mastra.span.type", {
      agent_run: "agent",
      model_generation: "inference",
      model_inference: "inference",
      model_step: "step",
      model_chunk: "other",
      llm_generation: "inference",
      llm_chunk: "other",
      tool_call: "tool",
      mcp_tool_call: "tool",
      workflow_run: "workflow",
      workflow_step: "step",
      generic: "chain",
    }),
    tokens("cacheWrite5m", "gen_ai.usage.cache_creation.5m_input_tokens"),
    tokens("cacheWrite1h", "gen_ai.usage.cache_creation.1h_input_tokens"),
    tokens("audioInput", "gen_ai.usage.audio_input_tokens"),
    tokens("audioOutput", "gen_ai.usage.audio_output_tokens"),
    ofKind("moment", "ttft_ns", "mastra.completion_start_time"),
    text("user_id", "mastra.metadata.userId"),
    text("session_id", "mastra.metadata.threadId", "mastra.metadata.sessionId"),
  ],
};
