import { count, json, ofKind, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** LangWatch's SDKs: OTel names, with counts as JSON in a string; of TypeScript inside `{ type, value }`. */
export const LANGWATCH: Dialect = {
  name: "langwatch",
  signs: { attributes: ["langwatch.*"] },
  fields: [
    {
      // Its processor calls the AI SDK's outer spans "llm", too: their own word goes first.
      ...role("langwatch.span.type", {
        llm: "inference",
        chain: "chain",
        module: "chain",
        component: "chain",
        span: "chain",
        task: "step",
        tool: "tool",
        agent: "agent",
        workflow: "workflow",
        rag: "retrieval",
        guardrail: "other",
        evaluation: "other",
      }),
      isFallback: true,
    },
    json(
      "langwatch.metrics",
      count("input", "prompt_tokens"),
      count("input", "value", "promptTokens"),
      count("output", "completion_tokens"),
      count("output", "value", "completionTokens"),
      count("reasoning", "reasoning_tokens"),
      { field: "client_cost_nano_usd", kind: "dollars", path: ["cost"] },
      { field: "client_cost_nano_usd", kind: "dollars", path: ["value", "cost"] },
    ),
    text("user_id", "langwatch.user.id"),
    text("session_id", "langwatch.thread.id"),
    ofKind("content", "input_messages", "langwatch.input"),
    ofKind("content", "output_messages", "langwatch.output"),
  ],
};
