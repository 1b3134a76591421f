import { role } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * AG2: OTel names. What a call used is said on its span and once more on one of its own beside it; only of calls that an
 * agent makes for its own memory there is no other span.
 */
export const AG2: Dialect = {
  name: "ag2",
  signs: { attributes: ["ag2.*"], scopes: ["opentelemetry.instrumentation.ag2"] },
  fields: [
    role("ag2.usage.kind", {
      model_call: "other",
      // The sum of an agent that was asked by another; its calls have spans.
      subtask: "other",
      compaction: "inference",
      aggregation: "inference",
      // What another program used; it may send nothing here.
      remote_agent: "agent",
    }),
    role("ag2.span.type", {
      llm: "inference",
      usage: "other",
      agent: "agent",
      tool: "tool",
      human_input: "other",
    }),
  ],
};
