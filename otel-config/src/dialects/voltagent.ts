import { ofKind, own, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** VoltAgent: agents around calls that say `span.type`; the agent's counts sum them up. */
export const VOLTAGENT: Dialect = {
  name: "voltagent",
  signs: { attributes: ["voltagent.*"], scopes: ["@voltagent/core"] },
  fields: [
    own(
      role("span.type", {
        llm: "inference",
        agent: "agent",
        tool: "tool",
        retriever: "retrieval",
        workflow: "workflow",
        "workflow-step": "step",
        scorer: "other",
      }),
    ),
    own({ ...role("entity.type", { agent: "agent", workflow: "workflow" }), isFallback: true }),
    own(text("request_model", "llm.model", "ai.model.name")),
    own(tokens("input", "usage.prompt_tokens")),
    own(tokens("output", "usage.completion_tokens")),
    own(tokens("total", "usage.total_tokens")),
    own(tokens("cacheRead", "llm.usage.cached_tokens", "usage.cached_tokens")),
    own(tokens("reasoning", "usage.reasoning_tokens")),
    own(ofKind("dollars", "client_cost_nano_usd", "usage.cost")),
    own(ofKind("boolean", "streaming", "llm.stream")),
    own(ofKind("text_list", "finish_reasons", "ai.response.finish_reason")),
    own(text("agent_name", "entity.name")),
  ],
};
