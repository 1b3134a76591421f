import { kept, ofKind, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** OpenLLMetry (Traceloop), JavaScript and Python, with the flat and `llm.*` names of its older versions. */
export const OPENLLMETRY: Dialect = {
  name: "openllmetry",
  signs: {
    attributes: [
      "traceloop.*",
      "agentops.*",
      "llm.request.type",
      "llm.usage.*",
      "llm.is_streaming",
    ],
    scopes: ["@traceloop/*", "opentelemetry.instrumentation.*.v1"],
  },
  fields: [
    {
      ...role("traceloop.span.kind", {
        workflow: "workflow",
        task: "step",
        agent: "agent",
        tool: "tool",
      }),
      isFallback: true,
    },
    {
      ...role("llm.request.type", {
        chat: "inference",
        completion: "inference",
        acompletion: "inference",
        embedding: "embedding",
        aembedding: "embedding",
        rerank: "rerank",
      }),
      isFallback: true,
    },
    // Before it took over the OTel names, as prompt flow still has them.
    kept(text("provider", "llm.vendor")),
    text("request_model", "llm.request.model"),
    text("response_model", "llm.response.model"),
    {
      // AgentOps, which took the names over.
      ...role("agentops.span.kind", {
        llm: "inference",
        "llm.call": "inference",
        agent: "agent",
        workflow: "workflow",
        session: "workflow",
        team: "workflow",
        task: "step",
        "workflow.step": "step",
        operation: "chain",
        chain: "chain",
        tool: "tool",
        "tool.usage": "tool",
        guardrail: "other",
        http: "other",
      }),
      isFallback: true,
    },
    tokens("input", "llm.usage.prompt_tokens"),
    tokens("output", "llm.usage.completion_tokens"),
    tokens("total", "gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
    tokens("cacheRead", "gen_ai.usage.cache_read_input_tokens"),
    tokens("cacheWrite", "gen_ai.usage.cache_creation_input_tokens"),
    tokens("reasoning", "gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
    ofKind("boolean", "streaming", "gen_ai.is_streaming", "llm.is_streaming"),
    ofKind(
      "text_list",
      "finish_reasons",
      "gen_ai.response.finish_reason",
      "gen_ai.response.stop_reason",
    ),
    text("user_id", "traceloop.association.properties.user_id", "gen_ai.user", "llm.user"),
    text("session_id", "traceloop.association.properties.session_id"),
    text("tenant", "traceloop.association.properties.tenant"),
    text("team", "traceloop.association.properties.team"),
    text("feature", "traceloop.workflow.name"),
    text("prompt_name", "traceloop.prompt.key"),
    text("prompt_version", "traceloop.prompt.version"),
    ofKind("content", "input_messages", "traceloop.entity.input"),
    ofKind("content", "output_messages", "traceloop.entity.output"),
  ],
};
