import type { RawUsageField } from "./dialect.ts";

/**
 * Metrics that count tokens of model calls, as data: where no span and no log tells a call, they are all that is
 * known of its cost. Sums and histograms alike; what a sum of tokens contains is a matter of the usage rules.
 */
export interface TokenMeter {
  /** Name of the instrument. */
  readonly metric: string;
  /** Instruments that count parts of the same usage share it. */
  readonly meter: string;
  /** The attribute that says what is counted; without one the instrument counts one thing. */
  readonly attribute?: string;
  /** By the attribute's value; "" where there is none. What is not listed counts nothing of its own. */
  readonly kinds: Readonly<Record<string, RawUsageField>>;
}

const GEN_3 = "gen_ai.client.inference.usage";
const genThree = (part: string, kind: RawUsageField): TokenMeter => ({
  metric: `${GEN_3}.${part}`,
  meter: GEN_3,
  kinds: { "": kind },
});

export const TOKEN_METERS: readonly TokenMeter[] = [
  {
    metric: "claude_code.token.usage",
    meter: "claude_code.token.usage",
    attribute: "type",
    kinds: {
      input: "input",
      output: "output",
      cacheRead: "cacheRead",
      cacheCreation: "cacheWrite",
    },
  },
  {
    metric: "gemini_cli.token.usage",
    meter: "gemini_cli.token.usage",
    attribute: "type",
    kinds: {
      input: "input",
      tool: "toolUsePrompt",
      output: "output",
      thought: "reasoning",
      cache: "cacheRead",
    },
  },
  {
    metric: "qwen-code.token.usage",
    meter: "qwen-code.token.usage",
    attribute: "type",
    kinds: { input: "input", output: "output", thought: "reasoning", cache: "cacheRead" },
  },
  {
    // A histogram of turns; "total" repeats the others.
    metric: "codex.turn.token_usage",
    meter: "codex.turn.token_usage",
    attribute: "token_type",
    kinds: {
      input: "input",
      cached_input: "cacheRead",
      output: "output",
      reasoning_output: "reasoning",
    },
  },
  {
    metric: "gen_ai.client.token.usage",
    meter: "gen_ai.client.token.usage",
    attribute: "gen_ai.token.type",
    kinds: { input: "input", prompt: "input", output: "output", completion: "output" },
  },
  genThree("input_tokens", "input"),
  genThree("output_tokens", "output"),
  genThree("cache_read.input_tokens", "cacheRead"),
  genThree("cache_write.input_tokens", "cacheWrite"),
  genThree("reasoning.output_tokens", "reasoning"),
];

const byMetric = new Map(TOKEN_METERS.map((each) => [each.metric, each]));

/** What a point of a metric counts; undefined when that is no tokens. `attributes` are those of the point. */
export function tokenMeterOf(
  metric: string,
  attributes: Readonly<Record<string, unknown>>,
): { readonly meter: TokenMeter; readonly kind: RawUsageField } | undefined {
  const meter = byMetric.get(metric);
  if (meter === undefined) return undefined;
  const value = meter.attribute === undefined ? "" : attributes[meter.attribute];
  if (typeof value !== "string" || !Object.hasOwn(meter.kinds, value)) return undefined;
  return { meter, kind: meter.kinds[value] as RawUsageField };
}
