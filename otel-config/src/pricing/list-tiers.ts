import { LITELLM_LIST, ownPrices, publishedEntry, times } from "./published-entry.ts";
import type { PriceChange, PriceEntry, PriceLayer } from "./price-layer.ts";

/**
 * What providers publish about their service tiers, which the base list does not have. Tiers whose price is
 * a matter of contract (Anthropic's priority, OpenAI's scale, Bedrock's reserved) are not here: calls in
 * them have no price until an override gives them one.
 */

const OPENAI_BATCH = "https://developers.openai.com/api/docs/guides/batch";
const OPENAI_FLEX = "https://developers.openai.com/api/docs/guides/flex-processing";
const OPENAI_PRIORITY = "https://openai.com/api-priority-processing/";
const ANTHROPIC_BATCH = "https://platform.claude.com/docs/en/build-with-claude/batch-processing";
const GEMINI_TIERS = "https://ai.google.dev/gemini-api/docs/optimization";
const VERTEX_BATCH =
  "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini";
const BEDROCK_BATCH =
  "https://docs.aws.amazon.com/bedrock/latest/userguide/capacity-limits-cost-optimization.html";
const GROQ_FLEX = "https://console.groq.com/docs/flex-processing";

/** All models of a provider whose names begin so. */
function family(
  [provider, serviceTier, model = ""]: readonly [provider: string, tier: string, model?: string],
  change: PriceChange,
  source: string,
): PriceEntry {
  return publishedEntry({ provider, model, match: "prefix", serviceTier, source }, change);
}

function priority(
  [provider, ...models]: readonly [provider: string, ...models: string[]],
  change: PriceChange,
  source: string,
): PriceEntry[] {
  const fields = { provider, serviceTier: "priority", source };
  return models.map((model) => publishedEntry({ ...fields, model, match: "exact" }, change));
}

/** Their priority costs 1.8 times the standard price; the documentation says 1.75 to 2. */
const GEMINI_PRIORITY = [
  "gemini-3-pro-preview",
  "gemini-3-flash-preview",
  "gemini-3.1-pro-preview",
  "gemini-3.1-pro-preview-customtools",
  "gemini-3.1-flash-lite",
  "gemini-3.5-flash",
  "gemini-3.5-flash-lite",
  "gemini-3.6-flash",
] as const;
const VERTEX_FLEX = ["gemini-3.1-flash-lite", "gemini-3.5-flash-lite", "gemini-3.6-flash"];
const AZURE_PRIORITY = [
  "gpt-5.1",
  "gpt-5.2",
  "gpt-5.2-chat",
  "gpt-5.3-chat",
  "gpt-5.4",
  "gpt-5.5",
  "gpt-5.6",
  "gpt-5.6-sol",
  "gpt-5.6-terra",
  "gpt-5.6-luna",
] as const;

export const LIST_TIERS: PriceLayer = {
  name: "list tiers",
  version: "tiers@2026-11-24",
  entries: [
    family(["openai", "batch"], times("0.5"), OPENAI_BATCH),
    family(["openai", "flex"], times("0.5"), OPENAI_FLEX),
    ...priority(["openai", "gpt-5.5"], times("2.5"), OPENAI_PRIORITY),
    ...priority(
      ["openai", "gpt-5.4", "gpt-5.4-mini", "gpt-5.2", "gpt-5.1", "gpt-5"],
      times("2"),
      OPENAI_PRIORITY,
    ),
    ...priority(["openai", "gpt-5.1-codex", "gpt-5-codex"], times("2"), OPENAI_PRIORITY),
    ...priority(["openai", "gpt-5-mini"], times("1.8"), OPENAI_PRIORITY),
    ...priority(["openai", "gpt-4.1"], times("1.75"), OPENAI_PRIORITY),
    ...priority(
      ["openai", "gpt-5.6", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna"],
      times("2"),
      LITELLM_LIST,
    ),
    ...priority(
      ["openai", "gpt-5.3-codex", "gpt-5.2-codex", "gpt-4.1-nano"],
      times("2"),
      LITELLM_LIST,
    ),
    ...priority(
      ["openai", "gpt-5.1-chat-latest", "gpt-5.2-chat-latest", "gpt-5.3-chat-latest"],
      times("2"),
      LITELLM_LIST,
    ),
    ...priority(["openai", "gpt-5.1-codex-mini"], times("1.8"), LITELLM_LIST),
    ...priority(["openai", "gpt-4.1-mini", "o3"], times("1.75"), LITELLM_LIST),
    ...priority(["openai", "gpt-4o-2024-05-13"], times("1.75"), LITELLM_LIST),
    ...priority(["openai", "gpt-4o"], times("1.7"), LITELLM_LIST),
    ...priority(
      ["openai", "gpt-4o-mini"],
      ownPrices({ input_mtok: 0.25, cache_read_mtok: 0.125, output_mtok: 1 }),
      LITELLM_LIST,
    ),
    ...priority(
      ["openai", "o4-mini"],
      ownPrices({ input_mtok: 2, cache_read_mtok: 0.5, output_mtok: 8 }),
      LITELLM_LIST,
    ),
    family(["azure.ai.openai", "batch"], times("0.5"), LITELLM_LIST),
    ...priority(["azure.ai.openai", ...AZURE_PRIORITY], times("2"), LITELLM_LIST),
    family(["anthropic", "batch"], times("0.5"), ANTHROPIC_BATCH),
    ...["gcp.gemini", "gcp.gen_ai"].flatMap((provider) => [
      family([provider, "batch"], times("0.5"), GEMINI_TIERS),
      family([provider, "flex"], times("0.5"), GEMINI_TIERS),
    ]),
    ...priority(["gcp.gemini", ...GEMINI_PRIORITY], times("1.8"), LITELLM_LIST),
    ...priority(["gcp.gen_ai", ...GEMINI_PRIORITY], times("1.8"), LITELLM_LIST),
    // The discount of a cache hit takes the place of the discount of the batch.
    family(["gcp.vertex_ai", "batch", "gemini-"], times("0.5", ["cache_read_mtok"]), VERTEX_BATCH),
    family(["gcp.vertex_ai", "batch", "claude-"], times("0.5"), LITELLM_LIST),
    ...VERTEX_FLEX.map((model) =>
      family(["gcp.vertex_ai", "flex", model], times("0.5"), LITELLM_LIST),
    ),
    ...priority(["gcp.vertex_ai", ...GEMINI_PRIORITY], times("1.8"), LITELLM_LIST),
    family(["aws.bedrock", "batch"], times("0.5"), BEDROCK_BATCH),
    family(["groq", "flex"], times("1"), GROQ_FLEX),
  ],
};
