import type { PriceChange, PriceEntry, PriceLayer } from "./price-layer.ts";
import type { BookPrices } from "./unit-prices.ts";

/**
 * What providers publish about their service tiers, which the base list does not have. Tiers whose price is
 * a matter of contract (Anthropic's priority, OpenAI's scale, Bedrock's reserved) are not here: calls in
 * them have no price until an override gives them one.
 */

/** When the pages named below were last read. */
const RECORDED_AT = new Date("2026-11-24T00:00:00Z");

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
/** A second list, where the provider's page shows no figures without a browser. As of 2026-07-24. */
const LITELLM_LIST =
  "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json";

type What = Pick<PriceEntry, "provider" | "model" | "match" | "serviceTier">;

const entry = (what: What, change: PriceChange, source: string): PriceEntry => ({
  ...what,
  projectId: undefined,
  change,
  validFrom: undefined,
  validUntil: undefined,
  recordedAt: RECORDED_AT,
  recordedBy: "lensai",
  source,
});

const times = (multiplier: string, except: readonly string[] = []): PriceChange => ({
  kind: "multiplier",
  multiplier,
  except,
});

/** All models of a provider whose names begin so. */
const family = (provider: string, serviceTier: string, model = ""): What => ({
  provider,
  model,
  match: "prefix",
  serviceTier,
});

/** A model of OpenAI by its name, and its dated snapshots. */
const priority = (model: string, change: PriceChange, source: string): PriceEntry[] => {
  const what = { provider: "openai", serviceTier: "priority" };
  return [
    entry({ ...what, model, match: "exact" }, change, source),
    entry({ ...what, model: `${model}-20`, match: "prefix" }, change, source),
  ];
};

const per = (prices: BookPrices): PriceChange => ({ kind: "prices", prices });

export const LIST_TIERS: PriceLayer = {
  name: "list tiers",
  version: "tiers@2026-11-24",
  entries: [
    entry(family("openai", "batch"), times("0.5"), OPENAI_BATCH),
    entry(family("openai", "flex"), times("0.5"), OPENAI_FLEX),
    ...priority("gpt-5.5", times("2.5"), OPENAI_PRIORITY),
    ...priority("gpt-5.4", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5.4-mini", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5.2", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5.1", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5-mini", times("1.8"), OPENAI_PRIORITY),
    ...priority("gpt-5.1-codex", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-5-codex", times("2"), OPENAI_PRIORITY),
    ...priority("gpt-4.1", times("1.75"), OPENAI_PRIORITY),
    ...priority("gpt-5.6", times("2"), LITELLM_LIST),
    ...priority("gpt-5.6-sol", times("2"), LITELLM_LIST),
    ...priority("gpt-5.6-terra", times("2"), LITELLM_LIST),
    ...priority("gpt-5.6-luna", times("2"), LITELLM_LIST),
    ...priority("gpt-5.3-codex", times("2"), LITELLM_LIST),
    ...priority("gpt-5.2-codex", times("2"), LITELLM_LIST),
    ...priority("gpt-5.1-codex-mini", times("1.8"), LITELLM_LIST),
    ...priority("gpt-4.1-mini", times("1.75"), LITELLM_LIST),
    ...priority("gpt-4.1-nano", times("2"), LITELLM_LIST),
    ...priority("gpt-4o", times("1.7"), LITELLM_LIST),
    ...priority("gpt-4o-2024-05-13", times("1.75"), LITELLM_LIST),
    ...priority(
      "gpt-4o-mini",
      per({ input_mtok: 0.25, cache_read_mtok: 0.125, output_mtok: 1 }),
      LITELLM_LIST,
    ),
    ...priority("o3", times("1.75"), LITELLM_LIST),
    ...priority(
      "o4-mini",
      per({ input_mtok: 2, cache_read_mtok: 0.5, output_mtok: 8 }),
      LITELLM_LIST,
    ),
    entry(family("azure.ai.openai", "batch"), times("0.5"), LITELLM_LIST),
    entry(family("anthropic", "batch"), times("0.5"), ANTHROPIC_BATCH),
    ...["gcp.gemini", "gcp.gen_ai"].flatMap((provider) =>
      ["batch", "flex"].map((tier) => entry(family(provider, tier), times("0.5"), GEMINI_TIERS)),
    ),
    // The discount of a cache hit takes the place of the discount of the batch.
    entry(
      family("gcp.vertex_ai", "batch", "gemini-"),
      times("0.5", ["cache_read_mtok"]),
      VERTEX_BATCH,
    ),
    entry(family("gcp.vertex_ai", "batch", "claude-"), times("0.5"), LITELLM_LIST),
    entry(family("aws.bedrock", "batch"), times("0.5"), BEDROCK_BATCH),
    entry(family("groq", "flex"), times("1"), GROQ_FLEX),
  ],
};
