import { normaliseUsage } from "../normalise-usage.ts";
import { USAGE_FLAG, createNormalUsage, createRawUsage } from "../usage.ts";
import type { NormalUsage, RawUsage } from "../usage.ts";
import { readProviderUsage } from "./read-provider-usage.ts";
import type { UsageTable } from "./usage-table.ts";
import { USAGE_TABLES } from "./usage-tables.ts";

interface QuotedShape {
  readonly names: readonly string[];
  readonly api: string;
  /** Where the counts are in the object, unless they are its own members. */
  readonly root?: string;
}

/**
 * The usage object of a provider's answer, passed on by a producer as it came. Who answered is not said with
 * it; its names tell: the first shape of which it has a name is meant.
 */
const SHAPES: readonly QuotedShape[] = [
  // Beside what the model saw, which a producer may have taken for it.
  { names: ["billed_units"], api: "cohere.chat", root: "billed_units" },
  {
    names: ["cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation"],
    api: "anthropic.messages",
  },
  { names: ["prompt_tokens", "completion_tokens"], api: "openai.chat" },
  // Without cached tokens Anthropic's object has the same names and means the same.
  {
    names: ["input_tokens_details", "output_tokens_details", "input_tokens", "output_tokens"],
    api: "openai.responses",
  },
  { names: ["inputTokens", "outputTokens"], api: "aws.bedrock.converse" },
  { names: ["promptTokenCount", "prompt_token_count"], api: "google.generate_content" },
  { names: ["prompt_eval_count"], api: "ollama" },
];

const TABLES: readonly UsageTable[] = SHAPES.map(({ api, root = "" }) => {
  const table = USAGE_TABLES.find((each) => each.api === api) as UsageTable;
  return { ...table, roots: [root] };
});

const LOST_PARTS = USAGE_FLAG.totalMismatch | USAGE_FLAG.unsureRest;

const PARTS = [
  "toolUsePrompt",
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "reasoning",
  "audioInput",
  "audioOutput",
  "imageInput",
  "imageOutput",
  "webSearches",
] as const;

/**
 * Reads a usage object that a producer quotes into `into`: its totals, inclusive, as `observedInput` and
 * `observedOutput`, and those of its parts that are not known yet. False when it is no provider's; `into` is
 * untouched then.
 */
export function readQuotedUsage(usage: object, into: RawUsage): boolean {
  const shape = SHAPES.findIndex(({ names }) => names.some((name) => Object.hasOwn(usage, name)));
  const table = TABLES[shape];
  if (table === undefined) return false;
  const quoted = createRawUsage();
  if (!readProviderUsage(table, usage, quoted)) return false;
  // Google's own answer tells all parts; who passes it on may have dropped one.
  if (table.outputConvention === "exclusive") quoted.rest = "thoughts or tools";
  const normal = normaliseUsage(quoted, createNormalUsage());
  if (!isWhole(normal, into)) return false;
  into.observedInput ??= normal.input;
  into.observedOutput ??= normal.output;
  for (const part of PARTS) into[part] ??= normal[part];
  return true;
}

/** An object whose total has more than its parts was made of the provider's by somebody who lost some. */
function isWhole(quoted: NormalUsage, own: RawUsage): boolean {
  const isEmpty = quoted.source === "missing" && quoted.webSearches === undefined;
  if (isEmpty || (quoted.flags & LOST_PARTS) !== 0) return false;
  return !saysLess(quoted.input, own.input) && !saysLess(quoted.output, own.output);
}

const saysLess = (quoted: number | undefined, own: number | undefined): boolean =>
  quoted === undefined && own !== undefined;
