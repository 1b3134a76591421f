import { count, json } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** LiveKit Agents: OTel names; the cached tokens of older versions only inside the metrics. */
export const LIVEKIT: Dialect = {
  name: "livekit",
  signs: { attributes: ["lk.*"], scopes: ["livekit*"] },
  fields: [
    json(
      "lk.llm_metrics",
      count("cacheRead", "prompt_cached_tokens"),
      { field: "response_id", kind: "text", path: ["request_id"] },
      { field: "response_model", kind: "text", path: ["metadata", "model_name"] },
    ),
  ],
};
