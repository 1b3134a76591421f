// Real `usage` bodies of many providers. The recordings lie outside the project; without them these tests
// say so and check nothing.
import { existsSync, readFileSync } from "node:fs";
import { calcPrice, extractUsage, findProvider } from "@pydantic/genai-prices";
import type { Provider, Usage } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { createListBook } from "../../src/pricing/layered-book.ts";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../../src/usage/usage.ts";
import type { RawUsage } from "../../src/usage/usage.ts";
import { differenceToLibrary } from "./library-comparison.ts";

interface RecordedBody {
  readonly body: { readonly usage?: Readonly<Record<string, unknown>> };
  /** Bedrock's bodies do not say. */
  readonly model: string | null;
  readonly extracted: readonly {
    readonly extractors: readonly { readonly provider_id: string; readonly api_flavor: string }[];
  }[];
}

const FIXTURES = new URL("../../../../shared/fixtures/", import.meta.url);
/** Each with how many bodies it has, how many readings of them have a price, and how many are Anthropic's. */
const RECORDINGS = [
  {
    path: "dialects/provider-usage/genai-prices-usages-sample.json",
    all: 90,
    priced: 190,
    anthropic: 28,
  },
  { path: "prices/genai-prices_usages_dataset.json", all: 1_577, priced: 3_714, anthropic: 480 },
];
const BEDROCK_MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const AT = new Date("2026-09-01T12:00:00Z");

/** What a span row has no column for; the library charges it by these counts when it sees them. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  "input_video_tokens",
  "cache_audio_read_tokens",
  "cache_image_read_tokens",
]);

function recording(path: string): RecordedBody[] | undefined {
  const url = new URL(path, FIXTURES);
  return existsSync(url) ? (JSON.parse(readFileSync(url, "utf8")) as RecordedBody[]) : undefined;
}

/** The library's counts (inclusive) as a producer's. */
function rawUsage(usage: Usage): RawUsage {
  return {
    ...createRawUsage(),
    input: usage["input_tokens"],
    output: usage["output_tokens"],
    cacheRead: usage["cache_read_tokens"],
    cacheWrite: usage["cache_write_tokens"],
    cacheWrite5m: usage["cache_write_5m_tokens"],
    cacheWrite1h: usage["cache_write_1h_tokens"],
    reasoning: usage["output_reasoning_tokens"],
    audioInput: usage["input_audio_tokens"],
    audioOutput: usage["output_audio_tokens"],
    imageInput: usage["input_image_tokens"],
    imageOutput: usage["output_image_tokens"],
    webSearches: usage["web_searches"],
    inputConvention: "inclusive",
    outputConvention: "inclusive",
  };
}

function extracted(provider: Provider, body: unknown, flavor: string): Usage | undefined {
  try {
    return extractUsage(provider, body, flavor).usage;
  } catch {
    return undefined;
  }
}

// What each body says, read by each provider whose extractor fits.
function* readings(bodies: readonly RecordedBody[]): Generator<{
  readonly provider: Provider;
  readonly model: string;
  readonly usage: Usage;
}> {
  for (const { body, model, extracted: groups } of bodies) {
    for (const extractor of groups.flatMap((group) => group.extractors)) {
      const provider = findProvider({ providerId: extractor.provider_id });
      if (provider === undefined) continue;
      const usage = extracted(provider, body, extractor.api_flavor);
      if (usage !== undefined) yield { provider, model: model ?? BEDROCK_MODEL, usage };
    }
  }
}

describe.each(RECORDINGS)("the bodies of $path", ({ path, all, priced, anthropic }) => {
  const bodies = recording(path);

  it("cost what the library says", ({ skip }) => {
    if (bodies === undefined) return skip("the recordings are not on this machine");
    const book = createListBook();
    const differences: (string | undefined)[] = [];
    let compared = 0;
    for (const { provider, model, usage } of readings(bodies)) {
      if (Object.keys(usage).some((key) => UNCOUNTED.has(key) && (usage[key] ?? 0) > 0)) continue;
      const normal = normaliseUsage(rawUsage(usage), createNormalUsage());
      // The library does not know the "models/" that Google's API puts before a name; our book does.
      const name = model.replace(/^models\//, "");
      const oracle = calcPrice(usage, name, { providerId: provider.id, timestamp: AT });
      const prices = book.resolve({ provider: provider.id, model, at: AT }).prices;
      differences.push(differenceToLibrary({ usage: normal, prices, oracle }));
      compared += oracle === null ? 0 : 1;
    }
    expect(differences.filter((difference) => difference !== undefined)).toEqual([]);
    expect(bodies).toHaveLength(all);
    expect(compared).toBe(priced);
  });

  it("of Anthropic, read raw, are the library's inclusive counts", ({ skip }) => {
    if (bodies === undefined) return skip("the recordings are not on this machine");
    const provider = findProvider({ providerId: "anthropic" }) as Provider;
    let compared = 0;
    for (const { body } of bodies) {
      const usage = extracted(provider, body, "default");
      if (usage === undefined || body.usage === undefined) continue;
      const normal = normaliseUsage(anthropicUsage(body.usage), createNormalUsage());
      expect({
        input: normal.input,
        output: normal.output,
        read: normal.cacheRead ?? 0,
        write: (normal.cacheWrite5m ?? 0) + (normal.cacheWrite1h ?? 0),
      }).toEqual({
        input: usage["input_tokens"],
        output: usage["output_tokens"],
        read: usage["cache_read_tokens"] ?? 0,
        write: usage["cache_write_tokens"] ?? 0,
      });
      compared += 1;
    }
    expect(compared).toBe(anthropic);
  });
});

function countIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function anthropicUsage(usage: Readonly<Record<string, unknown>>): RawUsage {
  const split = (usage["cache_creation"] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...createRawUsage(),
    input: countIn(usage["input_tokens"]),
    output: countIn(usage["output_tokens"]),
    cacheRead: countIn(usage["cache_read_input_tokens"]),
    cacheWrite: countIn(usage["cache_creation_input_tokens"]),
    cacheWrite5m: countIn(split["ephemeral_5m_input_tokens"]),
    cacheWrite1h: countIn(split["ephemeral_1h_input_tokens"]),
    inputConvention: "exclusive",
  };
}
