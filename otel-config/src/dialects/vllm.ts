import { own, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** vLLM's server. What it calls the id of the request is the id of the answer that the client gets. */
export const VLLM: Dialect = {
  name: "vllm",
  signs: { scopes: ["vllm*"] },
  fields: [own(text("response_id", "gen_ai.request.id"))],
};
