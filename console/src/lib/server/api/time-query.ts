import {
  CALL_DIMENSIONS,
  type CallDimension,
  type CallFilter,
} from "@lensai/analytics/queries/call-dimensions";
import { MAX_RANGE_DAYS, type TimeRange } from "@lensai/analytics/queries/query-source";
import { z } from "zod";
import { invalid } from "./read-input.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const timeText = z.iso.datetime({ offset: true });

/** Which calls a question is about, by when they started. */
export const timeQuery = {
  from: timeText
    .optional()
    .describe("Calls that started then or later (ISO 8601 with an offset); a day before `to`."),
  to: timeText
    .optional()
    .describe(
      `Calls that started before then; now, when absent. At most ${MAX_RANGE_DAYS} days after \`from\`.`,
    ),
};

const DIMENSION_WORDS: Readonly<Record<CallDimension, string>> = {
  agent: "name of an agent",
  apiKey: "id of an API key",
  environment: "environment",
  feature: "feature",
  model: "model: the one that answered, or else the one asked for",
  operation: "operation (`gen_ai.operation.name`)",
  promptName: "name of a prompt",
  provider: "provider (`gen_ai.provider.name`)",
  route: "route",
  service: "service (`service.name`)",
  serviceTier: "service tier (`batch`, `flex`, `priority`, as the provider names it)",
  session: "id of a session",
  team: "team",
  tenant: "tenant",
  user: "id of a user",
};

const FILTER_CHARACTERS_MAX = 256;
const filterText = z.string().min(1).max(FILTER_CHARACTERS_MAX);

const anyDimension = `(?:${CALL_DIMENSIONS.join("|")})`;

/** Only calls that have exactly these values. */
export const filterQuery = {
  ...(Object.fromEntries(
    CALL_DIMENSIONS.map((dimension) => [
      dimension,
      filterText.optional().describe(`Only calls with exactly this ${DIMENSION_WORDS[dimension]}.`),
    ]),
  ) as Record<CallDimension, z.ZodOptional<z.ZodString>>),
  without: z
    .string()
    .regex(
      new RegExp(`^${anyDimension}(?:,${anyDimension})*$`),
      `names one or more of ${CALL_DIMENSIONS.join(", ")}, with commas between them`,
    )
    .optional()
    .describe("Only calls that have no value there: `team`, or `team,user`."),
};

/** The range that a query asks for; throws `query.invalid`. */
export function rangeOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowUnixMs: number,
): TimeRange {
  // To the next minute, so that the same question a moment later is answered from what is known.
  const toUnixMs =
    to === undefined ? Math.ceil((nowUnixMs + 1) / MINUTE_MS) * MINUTE_MS : Date.parse(to);
  const fromUnixMs = from === undefined ? toUnixMs - DAY_MS : Date.parse(from);
  const problem = problemOf({ fromUnixMs, toUnixMs });
  if (problem === undefined) return { fromUnixMs, toUnixMs };
  throw invalid([{ in: "query", pointer: "/from", detail: problem }]);
}

/**
 * As long as the range and before it: from the moment that is given, or else until the range begins. Throws
 * `query.invalid` where they would overlap or lie too far apart.
 */
export function earlierRange(range: TimeRange, from: string | undefined): TimeRange {
  const lengthMs = range.toUnixMs - range.fromUnixMs;
  const fromUnixMs = from === undefined ? range.fromUnixMs - lengthMs : Date.parse(from);
  const earlier = { fromUnixMs, toUnixMs: fromUnixMs + lengthMs };
  const problem =
    earlier.toUnixMs > range.fromUnixMs
      ? "the time that begins there must end before `from`"
      : problemOf({ fromUnixMs, toUnixMs: range.toUnixMs });
  if (problem === undefined) return earlier;
  throw invalid([{ in: "query", pointer: "/beforeFrom", detail: problem }]);
}

function problemOf({ fromUnixMs, toUnixMs }: TimeRange): string | undefined {
  if (fromUnixMs >= toUnixMs) return "must be before `to`";
  if (fromUnixMs < 0) return "must be after 1970";
  if (toUnixMs - fromUnixMs > MAX_RANGE_DAYS * DAY_MS)
    return `is more than ${MAX_RANGE_DAYS} days before \`to\``;
  return undefined;
}

/** The filter among the parsed fields of a query. Throws `query.invalid` when it wants a value and none. */
export function filterOf({
  without,
  ...query
}: Readonly<Partial<Record<CallDimension | "without", string | undefined>>>): CallFilter {
  const absent = new Set(without?.split(","));
  const contradiction = CALL_DIMENSIONS.find(
    (dimension) => absent.has(dimension) && query[dimension] !== undefined,
  );
  if (contradiction !== undefined) {
    const detail = `names "${contradiction}", of which the query also gives a value`;
    throw invalid([{ in: "query", pointer: "/without", detail }]);
  }
  return Object.fromEntries(
    CALL_DIMENSIONS.flatMap((dimension): [CallDimension, string | null][] => {
      const value = absent.has(dimension) ? null : query[dimension];
      return value === undefined ? [] : [[dimension, value]];
    }),
  );
}
