import { tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Rig (Rust): OTel names, whoever names the tracer. Counts are the provider's own: of Anthropic and Bedrock without the
 * cached tokens, of Google without the thoughts.
 */
export const RIG: Dialect = {
  name: "rig",
  signs: { attributes: ["rig.*", "gen_ai.usage.tool_use_prompt_tokens"] },
  fields: [tokens("toolUsePrompt", "gen_ai.usage.tool_use_prompt_tokens")],
};
