import { tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Mistral's own SDKs, whose spans have the names of the API's operations. Older versions say no operation, and of a
 * stream nothing but the model; of a refused call they say no more, nor do newer ones: that it failed is said nowhere.
 */
export const MISTRAL_SDK: Dialect = {
  name: "mistral-sdk",
  provider: "mistral_ai",
  openings: ["mistralai_sdk_tracer"],
  signs: { scopes: ["mistralai_sdk_tracer"], attributes: ["mistral_ai.*"] },
  records: [
    { name: "stream_chat", role: "inference" },
    { name: "stream_fim", role: "inference" },
    { name: "stream_agents", role: "inference" },
  ],
  fields: [tokens("total", "mistral_ai.request.total_tokens")],
};
