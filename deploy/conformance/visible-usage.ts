import { contains, intervalOf } from "./match-calls.ts";
import type { Interval } from "./match-calls.ts";
import type { TokenField } from "./token-fields.ts";
import type { TrueCall } from "./truth.ts";
import type { WireCount, WireRecord } from "./wire-records.ts";

/**
 * The counts that the request bodies state about one call: in the record that a reader took for it (`spanId`),
 * and in those that name its response id or have its own input and output counts. What an application's
 * messages quote in spans of other steps is no statement about a call.
 */
export function countsOfCall(
  call: TrueCall,
  records: readonly WireRecord[],
  spanId?: string,
): WireCount[] {
  return records.flatMap(({ spanId: ownSpanId, texts, counts }) => {
    if (spanId !== undefined && ownSpanId === spanId) return counts;
    const stated = counts.filter(({ key }) => !CONTENT_NAME.test(key));
    const isNamed = call.response_id !== null && texts.has(call.response_id);
    return isNamed || haveCountsOf(call, stated) ? stated : [];
  });
}

const CONTENT_NAME = /entity\.(input|output)|(input|output)\.value|messages|:(input|output)/;

/** An input alone is evidence only for calls that have no output. */
function haveCountsOf({ usage }: TrueCall, counts: readonly WireCount[]): boolean {
  if (usage === null) return false;
  const has = (count: number): boolean => counts.some((each) => each.count === count);
  if (usage.output_total === 0) return has(usage.input_total);
  return (has(usage.input_total) || has(usage.input_uncached)) && has(usage.output_total);
}

/** Those that last as long as this call and no other: something of it was sent, with counts or without. */
export function spanningOnly<T extends Interval>(
  call: TrueCall,
  calls: readonly TrueCall[],
  records: readonly T[],
): T[] {
  return records.filter(
    (record) =>
      contains(record, intervalOf(call)) &&
      !calls.some((other) => other !== call && contains(record, intervalOf(other))),
  );
}

const INPUT_NAME = /input|prompt|total/;
const OUTPUT_NAME = /output|completion|candidate|response|total/;
const TOTAL_NAME = /total/;
const PART_NAMES = {
  cacheRead: /cache/,
  cacheWrite: /cache/,
  cacheWrite1h: /1h|1_h|hour/,
  reasoning: /reason|thought/,
} as const;
type Part = keyof typeof PART_NAMES;
const PARTS_OF = {
  input: ["cacheRead", "cacheWrite"],
  output: ["reasoning"],
} as const satisfies Readonly<Record<string, readonly Part[]>>;

/**
 * Can the true value of a field be read, or computed, from stated counts? Sums and differences that
 * providers define count: total - output, uncached + cached, candidates + thoughts.
 */
export function isVisible(
  field: TokenField,
  truth: Readonly<Record<TokenField, number>>,
  counts: readonly WireCount[],
): boolean {
  if (field !== "input" && field !== "output")
    return hasCount(counts, truth[field], PART_NAMES[field]);
  const total = truth.input + truth.output;
  const hasTotal = hasCount(counts, total, TOTAL_NAME);
  if (hasTotal && hasRest(total, counts)) return false;
  const [name, otherName] =
    field === "input" ? [INPUT_NAME, OUTPUT_NAME] : [OUTPUT_NAME, INPUT_NAME];
  if (hasCount(counts, truth[field], name)) return true;
  if (hasTotal && hasCount(counts, total - truth[field], otherName)) return true;
  const parts = PARTS_OF[field];
  const rest = parts.reduce((left, part) => left - truth[part], truth[field]);
  const hasPart = (part: Part): boolean =>
    truth[part] === 0 || hasCount(counts, truth[part], PART_NAMES[part]);
  return hasCount(counts, rest, name) && parts.every(hasPart);
}

function hasCount(counts: readonly WireCount[], count: number, name: RegExp): boolean {
  return counts.some((each) => each.count === count && name.test(each.key));
}

/** Is a total more than whatever is stated beside it? Then nobody can tell to which side the rest belongs. */
function hasRest(total: number, counts: readonly WireCount[]): boolean {
  const wholes = counts.filter(({ key }) => !TOTAL_NAME.test(key) && !isPart(key));
  const inputs = wholes.filter(({ key }) => INPUT_NAME.test(key));
  const outputs = wholes.filter(({ key }) => OUTPUT_NAME.test(key));
  if (inputs.length === 0 || outputs.length === 0) return false;
  const parts = [...new Set(counts.filter(({ key }) => isPart(key)).map(({ count }) => count))];
  const sums = parts.reduce<number[]>(
    (known, part) => known.concat(known.map((sum) => sum + part)),
    [0],
  );
  return !inputs.some((input) =>
    outputs.some((output) => sums.includes(total - input.count - output.count)),
  );
}

function isPart(key: string): boolean {
  return Object.values(PART_NAMES).some((name) => name.test(key));
}
