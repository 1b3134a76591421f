import { count, json, kept, own, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Langtrace's SDKs: OTel names in newer versions; older ones say the counts as JSON in a string. */
export const LANGTRACE: Dialect = {
  name: "langtrace",
  signs: { attributes: ["langtrace.*"] },
  fields: [
    {
      ...role("langtrace.service.type", {
        llm: "inference",
        vectordb: "retrieval",
        framework: "chain",
      }),
      isFallback: true,
    },
    // The provider of a call; of a framework's span the framework, which no model call has.
    kept(own(text("provider", "langtrace.service.name"))),
    own(text("request_model", "llm.model")),
    json(
      "llm.token.counts",
      count("input", "input_tokens"),
      count("output", "output_tokens"),
      count("total", "total_tokens"),
    ),
  ],
};
