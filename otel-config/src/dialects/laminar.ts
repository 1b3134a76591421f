import { role } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Laminar: the names of OpenLLMetry, whose instrumentations it took over, and a word of its own for what a span is. */
export const LAMINAR: Dialect = {
  name: "laminar",
  signs: { attributes: ["lmnr.*"], scopes: ["lmnr*"] },
  fields: [
    {
      ...role("lmnr.span.type", {
        LLM: "inference",
        CACHED: "other",
        TOOL: "tool",
        DEFAULT: "chain",
        PIPELINE: "chain",
        EXECUTOR: "chain",
        EVALUATOR: "other",
        HUMAN_EVALUATOR: "other",
        EVALUATION: "other",
      }),
      isFallback: true,
    },
  ],
};
