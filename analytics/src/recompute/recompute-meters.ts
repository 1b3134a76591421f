import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { MeterVerdict } from "@lensai/otel-config/billing/meter-point";
import { resolveMeters } from "@lensai/otel-config/billing/resolve-meters";
import { callPrices } from "@lensai/otel-config/pricing/call-prices";
import { isMeteredPriceSure, meteredPrices } from "@lensai/otel-config/pricing/metered-prices";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { priceCall } from "@lensai/otel-config/pricing/price-call";
import { trustedMicros } from "@lensai/otel-config/span-row/trusted-time";
import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import { METERED_COLUMNS } from "../corrections/correction.ts";
import type { Correction, Metered } from "../corrections/correction.ts";
import type { SqlRow } from "../duckdb/connect.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { filedDay } from "./landed-records.ts";
import { landedPoints } from "./landed-points.ts";
import type { LandedPoint } from "./landed-points.ts";
import { addServicesInside, meteredCalls } from "./told-calls.ts";
import type { ToldCalls } from "./told-calls.ts";

const MICROS_PER_MS = 1000;
/** A counter that was silent for longer has its first point taken for a base, not for usage. */
const LOOK_BACK_MS = 8 * 86_400_000;

export interface MeterQuestion {
  readonly projectId: string;
  /** Points in it are decided about. */
  readonly range: TimeRange;
  /** Points and calls in it are known. */
  readonly around: TimeRange;
  /** Billed for spans and logs. */
  readonly calls: ToldCalls;
  readonly book: PriceBook;
}

type NewVerdict = Omit<Correction, "projectId" | "decidedMicros">;

/** Asks the files that can hold rows of a time range; undefined when there are none. */
export type AskRange = <T>(
  range: TimeRange,
  run: (target: QueryTarget) => Promise<T>,
) => Promise<T | undefined>;

/** Where what the lake says about points of token meters differs from what all its records together say. */
export async function recomputeMeters(
  question: MeterQuestion,
  ask: AskRange,
): Promise<{ readonly points: number; readonly corrections: NewVerdict[] }> {
  const { fromUnixMs, toUnixMs } = question.range;
  const { landed, horizonMs } = await pointsInSight(question, ask);
  if (landed.length === 0) return { points: 0, corrections: [] };
  const meterPoints = landed.map(({ point }) => point);
  const services = new Set(meterPoints.map(({ service }) => service));
  const { projectId, around, calls } = question;
  await ask(around, (target) =>
    addServicesInside(calls, { projectId, range: around, services }, target),
  );
  const verdicts = resolveMeters(meterPoints, meteredCalls(calls.calls), {
    horizonMicros: horizonMs * MICROS_PER_MS,
  });
  const corrections: NewVerdict[] = [];
  let points = 0;
  for (const [at, each] of landed.entries()) {
    const timeMs = each.point.timeMicros / MICROS_PER_MS;
    if (timeMs < fromUnixMs || timeMs >= toUnixMs) continue;
    points += 1;
    const correction = correctionOf(each, verdicts[at] as MeterVerdict, question);
    if (correction !== undefined) corrections.push(correction);
  }
  return { points, corrections };
}

/** The points around the range, and those before on which the first ones of a counter build. */
async function pointsInSight(
  { projectId, range, around }: MeterQuestion,
  ask: AskRange,
): Promise<{ readonly landed: LandedPoint[]; readonly horizonMs: number }> {
  const read = async (wanted: TimeRange): Promise<LandedPoint[]> =>
    (await ask(wanted, (target) => landedPoints(projectId, wanted, target))) ?? [];
  const landed = await read(around);
  const earliest = earliestOpenMs(landed, range, around);
  if (earliest === undefined) return { landed, horizonMs: around.fromUnixMs };
  const fromUnixMs = Math.max(0, earliest, around.fromUnixMs - LOOK_BACK_MS);
  return { landed: await read({ ...around, fromUnixMs }), horizonMs: fromUnixMs };
}

/** When the first counter began that has a point in the range and none before it in sight, though it began earlier. */
function earliestOpenMs(
  landed: readonly LandedPoint[],
  range: TimeRange,
  around: TimeRange,
): number | undefined {
  const firsts = new Map<string, LandedPoint["point"]>();
  for (const { point } of landed) {
    if (point.temporality === "delta" || point.startMicros === 0) continue;
    const run = `${point.series} ${point.startMicros}`;
    const first = firsts.get(run);
    if (first === undefined || point.timeMicros < first.timeMicros) firsts.set(run, point);
  }
  const open = [...firsts.values()].filter(
    ({ startMicros, timeMicros }) =>
      startMicros < around.fromUnixMs * MICROS_PER_MS &&
      timeMicros >= range.fromUnixMs * MICROS_PER_MS,
  );
  if (open.length === 0) return undefined;
  return Math.floor(Math.min(...open.map(({ startMicros }) => startMicros)) / MICROS_PER_MS);
}

/** Undefined where the lake says so already, and where nobody knows better. */
function correctionOf(
  { point, row }: LandedPoint,
  verdict: MeterVerdict,
  { projectId, book }: MeterQuestion,
): NewVerdict | undefined {
  if (verdict.rule === "meter_unknown") return undefined;
  const metered =
    verdict.rule === "meter" ? meteredOf(verdict, { row, point, projectId, book }) : undefined;
  if (metered === undefined ? row["billed"] !== true : isStored(row, metered)) return undefined;
  const { timeMicros } = point;
  return {
    batchId: String(row["batch_id"]),
    recordOrdinal: Number(row["record_ordinal"]),
    traceId: undefined,
    spanId: undefined,
    day: filedDay(timeMicros, row),
    startMicros: timeMicros,
    billed: isBilledRule(verdict.rule),
    billRule: verdict.rule,
    shadowedBy: undefined,
    ...(metered === undefined ? {} : { metered }),
  };
}

/** A stored price stays, whatever the book says since: only what had none is priced again. */
function isStored(row: SqlRow, { counts, costNanoUsd }: Metered): boolean {
  return (
    row["billed"] === true &&
    (row["cost_nano_usd"] !== null || costNanoUsd === undefined) &&
    METERED_COLUMNS.every((name) => (countOf(row, name) ?? undefined) === counts[name])
  );
}

function countOf(row: SqlRow, name: string): number | undefined {
  const value = row[name];
  return typeof value === "bigint" ? Number(value) : undefined;
}

function meteredOf(
  { usage, isRest }: Extract<MeterVerdict, { rule: "meter" }>,
  subject: LandedPoint & Pick<MeterQuestion, "projectId" | "book">,
): Metered {
  const { book, projectId, row, point } = subject;
  const text = (name: string): string | undefined =>
    typeof row[name] === "string" ? row[name] : undefined;
  const prices = callPrices(book, {
    projectId,
    provider: text("provider"),
    requestModel: text("request_model"),
    responseModel: text("response_model"),
    serviceTier: text("service_tier"),
    at: new Date(trustedMicros(point.timeMicros, Number(row["received_micros"])) / MICROS_PER_MS),
  })?.prices;
  const costNanoUsd = prices === undefined ? prices : priceCall(usage, meteredPrices(prices));
  const isSure = prices === undefined || isMeteredPriceSure(usage, prices);
  return {
    counts: countsOf(usage),
    usageSource: isSure ? usage.source : "estimated",
    usageBasis: usage.basis,
    usageRule: isSure ? ruleOf(isRest) : "meter-tiers",
    costNanoUsd,
    priceVersion: costNanoUsd === undefined ? undefined : book.version,
  };
}

function ruleOf(isRest: boolean): string {
  return isRest ? "meter-rest" : "meter";
}

function countsOf(usage: NormalUsage): Metered["counts"] {
  return {
    input_tokens: usage.input,
    output_tokens: usage.output,
    input_uncached_tokens: usage.inputUncached,
    cache_read_tokens: usage.cacheRead,
    cache_write_5m_tokens: usage.cacheWrite5m,
    cache_write_1h_tokens: usage.cacheWrite1h,
    reasoning_tokens: usage.reasoning,
  };
}
