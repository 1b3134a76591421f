import { text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Microsoft Semantic Kernel: generation 1 of the OTel names. */
export const SEMANTIC_KERNEL: Dialect = {
  name: "semantic-kernel",
  signs: { scopes: ["Microsoft.SemanticKernel*", "semantic_kernel*"] },
  fields: [
    tokens("input", "gen_ai.response.prompt_tokens"),
    tokens("output", "gen_ai.response.completion_tokens"),
    text("tool_name", "semantic_kernel.function.name"),
  ],
};
