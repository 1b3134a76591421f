import { LITELLM_LIST, ownPrices, publishedEntry } from "./published-entry.ts";
import type { PublishedFields } from "./published-entry.ts";
import type { PriceEntry, PriceLayer } from "./price-layer.ts";
import type { BookPrice, BookPrices } from "./unit-prices.ts";

/** What the base list lacks or has wrong, each with the page that says so. */

const OPENAI_MODELS = "https://developers.openai.com/api/docs/models";
const CLAUDE_PRICING = "https://platform.claude.com/docs/en/about-claude/pricing";
const CLAUDE_LONG_CONTEXT = "https://platform.claude.com/docs/en/api/service-tiers";
const VERTEX_PRICING = "https://cloud.google.com/vertex-ai/generative-ai/pricing";
const DEEPSEEK_PRICING = "https://api-docs.deepseek.com/quick_start/pricing";
const GROQ_MODELS = "https://console.groq.com/docs/models";

type Fields = Pick<PublishedFields, "provider" | "source" | "validFrom">;

/** The same prices for models named exactly so. */
function models(fields: Fields, names: readonly string[], prices: BookPrices): PriceEntry[] {
  return names.map((model) =>
    publishedEntry({ ...fields, model, match: "exact" }, ownPrices(prices)),
  );
}

const long = (base: number | string, above200k: number | string): BookPrice => ({
  base,
  tiers: [{ start: 200_000, price: above200k }],
});

/** $3 and $15, and twice and one and a half times that above 200,000 input tokens. */
const SONNET_LONG: BookPrices = {
  input_mtok: long(3, 6),
  cache_read_mtok: long(0.3, 0.6),
  cache_write_mtok: long(3.75, 7.5),
  cache_write_1h_mtok: long(6, 12),
  output_mtok: long(15, 22.5),
};
/** A tenth more, for inference profiles that stay in a region. */
const SONNET_LONG_REGIONAL: BookPrices = {
  input_mtok: long(3.3, 6.6),
  cache_read_mtok: long(0.33, 0.66),
  cache_write_mtok: long(4.125, 8.25),
  cache_write_1h_mtok: long(6.6, 13.2),
  output_mtok: long(16.5, 24.75),
};
const SONNET_4_LONG_SINCE = new Date("2025-08-12T00:00:00Z");

/** Writing to the one hour cache costs twice the input, wherever Claude is sold. */
const VERTEX_1H: readonly (readonly [model: string, price: number])[] = [
  ["claude-3-7-sonnet", 6],
  ["claude-opus-4", 30],
  ["claude-opus-4-1", 30],
  ["claude-opus-4-5", 10],
  ["claude-opus-4-6", 10],
  ["claude-opus-4-7", 10],
  ["claude-opus-4-8", 10],
  ["claude-opus-5", 10],
  ["claude-fable-5", 20],
  ["claude-sonnet-4-6", 6],
  ["claude-sonnet-5", 4],
  ["claude-haiku-4-5", 2],
];

/** Of the global profile; a profile that stays in a region costs a tenth more, and so does the bare model. */
const BEDROCK_1H: readonly (readonly [model: string, global: string, regional: string])[] = [
  ["claude-haiku-4-5-20251001-v1:0", "2", "2.2"],
  ["claude-opus-4-5-20251101-v1:0", "10", "11"],
  ["claude-opus-4-6-v1", "10", "11"],
  ["claude-opus-4-7", "10", "11"],
  ["claude-opus-4-8", "10", "11"],
  ["claude-opus-5", "10", "11"],
  ["claude-sonnet-4-6", "6", "6.6"],
  ["claude-sonnet-5", "4", "4.4"],
];
const BEDROCK_REGIONS = ["", "us.", "eu.", "au.", "jp."];
const bedrockNames = (model: string, regions: readonly string[]): string[] =>
  regions.map((region) => `${region}anthropic.${model}`);

const NOVA_REGIONAL: readonly (readonly [model: string, input: number, output: number])[] = [
  ["eu.amazon.nova-micro-v1:0", 0.046, 0.184],
  ["eu.amazon.nova-lite-v1:0", 0.078, 0.312],
  ["eu.amazon.nova-pro-v1:0", 1.05, 4.2],
  ["apac.amazon.nova-micro-v1:0", 0.037, 0.148],
  ["apac.amazon.nova-lite-v1:0", 0.063, 0.252],
  ["apac.amazon.nova-pro-v1:0", 0.84, 3.36],
];

const GROK_4 = ["grok-4", "grok-4-0709", "grok-4-latest"];
const GROK_4_FAST = ["grok-4-fast", "grok-4-1-fast"].flatMap((model) =>
  ["", "-reasoning", "-reasoning-latest", "-non-reasoning", "-non-reasoning-latest"].map(
    (suffix) => `${model}${suffix}`,
  ),
);
const above128k = (base: number, above: number): BookPrice => ({
  base,
  tiers: [{ start: 128_000, price: above }],
});

export const LIST_CORRECTIONS: PriceLayer = {
  name: "list corrections",
  version: "corrections@2026-11-24",
  entries: [
    // Audio is charged as text where the list has no price for it: too little by the factor 16 and more.
    ...models(
      { provider: "openai", source: `${OPENAI_MODELS}/gpt-4o-audio-preview` },
      ["gpt-4o-audio-preview"],
      { input_audio_mtok: 40, output_audio_mtok: 80 },
    ),
    ...models(
      { provider: "openai", source: `${OPENAI_MODELS}/gpt-4o-mini-audio-preview` },
      ["gpt-4o-mini-audio-preview"],
      { input_audio_mtok: 10, output_audio_mtok: 20 },
    ),
    ...models(
      { provider: "azure.ai.openai", source: LITELLM_LIST },
      ["gpt-4o-audio-preview-2024-12-17"],
      { input_audio_mtok: 40, output_audio_mtok: 80 },
    ),
    // Names of fine-tuned models go on with the organisation.
    ...["ft:gpt-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18"].map((model, index) =>
      publishedEntry(
        { provider: "openai", model, match: "prefix", source: LITELLM_LIST },
        ownPrices({ cache_read_mtok: [1.875, 0.15][index] ?? 0 }),
      ),
    ),
    ...models(
      { provider: "anthropic", source: CLAUDE_LONG_CONTEXT, validFrom: SONNET_4_LONG_SINCE },
      ["claude-sonnet-4-20250514", "claude-4-sonnet-20250514", "claude-sonnet-4-0"],
      SONNET_LONG,
    ),
    ...models(
      { provider: "gcp.vertex_ai", source: LITELLM_LIST, validFrom: SONNET_4_LONG_SINCE },
      ["claude-sonnet-4"],
      SONNET_LONG,
    ),
    ...models({ provider: "gcp.vertex_ai", source: LITELLM_LIST }, ["claude-sonnet-4-5"], {
      cache_write_1h_mtok: long(6, 12),
    }),
    ...VERTEX_1H.flatMap(([model, price]) =>
      models({ provider: "gcp.vertex_ai", source: CLAUDE_PRICING }, [model], {
        cache_write_1h_mtok: price,
      }),
    ),
    ...models(
      { provider: "aws.bedrock", source: LITELLM_LIST, validFrom: SONNET_4_LONG_SINCE },
      bedrockNames("claude-sonnet-4-20250514-v1:0", ["", "us.", "eu.", "apac.", "global."]),
      SONNET_LONG,
    ),
    ...models(
      { provider: "aws.bedrock", source: LITELLM_LIST },
      bedrockNames("claude-sonnet-4-5-20250929-v1:0", BEDROCK_REGIONS),
      SONNET_LONG_REGIONAL,
    ),
    ...models(
      { provider: "aws.bedrock", source: LITELLM_LIST },
      bedrockNames("claude-sonnet-4-5-20250929-v1:0", ["global."]),
      SONNET_LONG,
    ),
    ...BEDROCK_1H.flatMap(([model, global]) =>
      models({ provider: "aws.bedrock", source: LITELLM_LIST }, bedrockNames(model, ["global."]), {
        cache_write_1h_mtok: global,
      }),
    ),
    ...BEDROCK_1H.flatMap(([model, , regional]) =>
      models(
        { provider: "aws.bedrock", source: LITELLM_LIST },
        bedrockNames(model, BEDROCK_REGIONS),
        { cache_write_1h_mtok: regional },
      ),
    ),
    ...models(
      { provider: "aws.bedrock", source: LITELLM_LIST },
      ["global.anthropic.claude-fable-5"],
      {
        cache_write_1h_mtok: 20,
      },
    ),
    // The list has neither of these names.
    ...models(
      { provider: "aws.bedrock", source: LITELLM_LIST },
      bedrockNames("claude-fable-5", ["us.", "eu."]),
      {
        input_mtok: 11,
        cache_read_mtok: 1.1,
        cache_write_mtok: 13.75,
        cache_write_1h_mtok: 22,
        output_mtok: 55,
      },
    ),
    ...NOVA_REGIONAL.flatMap(([model, input, output]) =>
      models({ provider: "aws.bedrock", source: LITELLM_LIST }, [model], {
        input_mtok: input,
        output_mtok: output,
      }),
    ),
    ...models({ provider: "aws.bedrock", source: LITELLM_LIST }, ["amazon.titan-embed-text-v2:0"], {
      input_mtok: 0.02,
    }),
    // Dearer on Vertex AI than by the Gemini API, of which the list has the prices.
    ...models({ provider: "gcp.vertex_ai", source: VERTEX_PRICING }, ["gemini-2.0-flash-001"], {
      input_mtok: 0.15,
      cache_read_mtok: 0.0375,
      input_audio_mtok: 1,
      output_mtok: 0.6,
    }),
    // One price for both since V3.2, and none by the time of day any more.
    ...models(
      {
        provider: "deepseek",
        source: DEEPSEEK_PRICING,
        validFrom: new Date("2025-12-09T00:00:00Z"),
      },
      ["deepseek-chat", "deepseek-reasoner"],
      { input_mtok: 0.28, cache_read_mtok: 0.028, output_mtok: 0.42 },
    ),
    ...models({ provider: "groq", source: GROQ_MODELS }, ["openai/gpt-oss-safeguard-20b"], {
      input_mtok: 0.075,
      cache_read_mtok: 0.037,
      output_mtok: 0.3,
    }),
    // Mistral Large 3 has been the latest one since then.
    ...models(
      {
        provider: "mistral_ai",
        source: LITELLM_LIST,
        validFrom: new Date("2025-12-02T00:00:00Z"),
      },
      ["mistral-large-latest"],
      { input_mtok: 0.5, output_mtok: 1.5 },
    ),
    ...models({ provider: "x_ai", source: LITELLM_LIST }, GROK_4, {
      input_mtok: above128k(3, 6),
      output_mtok: above128k(15, 30),
    }),
    ...models({ provider: "x_ai", source: LITELLM_LIST }, GROK_4_FAST, {
      input_mtok: above128k(0.2, 0.4),
      output_mtok: above128k(0.5, 1),
    }),
  ],
};
