import type { TraceSpan } from "@lensai/analytics/queries/trace-spans";

/** One record of a trace, in its place in the tree and in time. */
interface TraceLine {
  readonly record: TraceSpan;
  readonly startUnixMs: number;
  /** 0 for a root, and for a record whose parent is not in the trace. */
  readonly depth: number;
  /** Where its time begins and how long it lasts: shares of the trace's own time, from 0 to 1. */
  readonly startShare: number;
  readonly durationShare: number;
  /**
   * What is billed of the record and all below it, as far as it has a price; undefined when nothing has one.
   */
  readonly costBelowNanoUsd: bigint | undefined;
  /**
   * The same of the cost of the trace, from 0 to 1, behind that of all records before it: parents lie above their
   * children, as in a flame graph. 0 for a trace that costs nothing.
   */
  readonly costStartShare: number;
  readonly costShare: number;
}

/** What the bars of a trace are about. */
export type TraceAxis = "time" | "cost";

export interface TraceView {
  readonly traceId: string;
  /** Parents before their children; siblings in the order in which they started. */
  readonly lines: readonly TraceLine[];
  /** From the first start to the last end. */
  readonly durationMs: number;
  readonly billedCount: number;
  /** What is billed in the trace and has a price; undefined when nothing of it has one. */
  readonly costNanoUsd: bigint | undefined;
  /** Calls that are billed, and whose cost is not known. */
  readonly unpricedCount: number;
  /** There are more records than lines. */
  readonly isCut: boolean;
}

export interface TraceRecords {
  readonly traceId: string;
  /** In the order in which they started. */
  readonly spans: readonly TraceSpan[];
  readonly isCut: boolean;
}

const NANOS_PER_MILLI = 1e6;

/** The tree of a trace, whatever its records claim: a parent that is missing, or its own child, makes a root. */
export function traceView({ traceId, spans, isCut }: TraceRecords): TraceView {
  const firstNano = spans[0]?.startUnixNano ?? 0n;
  const startMsOf = ({ startUnixNano }: TraceSpan): number =>
    Number(startUnixNano - firstNano) / NANOS_PER_MILLI;
  const durationMs = spans.reduce(
    (most, span) => Math.max(most, startMsOf(span) + (span.durationMs ?? 0)),
    0,
  );
  const share = (ms: number): number => (durationMs === 0 ? 0 : ms / durationMs);
  const billed = spans.filter(({ isBilled }) => isBilled);
  const priced = spans.filter((span) => isPriced(span));
  const placed = inTreeOrder(spans);
  const costs = costsOf(placed);
  return {
    traceId,
    lines: placed.map(({ span, depth }, at) => {
      const { costBelowNanoUsd, costStartShare, costShare } = costs[at] as PlacedCost;
      return {
        record: span,
        startUnixMs: Number(span.startUnixNano / 1_000_000n),
        depth,
        startShare: share(startMsOf(span)),
        durationShare: share(span.durationMs ?? 0),
        costBelowNanoUsd,
        costStartShare,
        costShare,
      };
    }),
    durationMs,
    billedCount: billed.length,
    costNanoUsd: priced.length === 0 ? undefined : priced.reduce(addCost, 0n),
    unpricedCount: billed.length - priced.length,
    isCut,
  };
}

type PlacedCost = Pick<TraceLine, "costBelowNanoUsd" | "costStartShare" | "costShare">;

/** Of records in tree order: each is followed by all that are below it. */
function costsOf(placed: readonly Placed[]): PlacedCost[] {
  const before = [0n];
  for (const { span } of placed) before.push(addCost(before.at(-1) ?? 0n, span));
  const total = Number(before.at(-1));
  const share = (nanoUsd: bigint): number => (total === 0 ? 0 : Number(nanoUsd) / total);
  return placed.map(({ depth }, at) => {
    const next = placed.findIndex((other, index) => index > at && other.depth <= depth);
    const end = next === -1 ? placed.length : next;
    const own = placed.slice(at, end);
    const start = before[at] ?? 0n;
    const cost = (before[end] ?? 0n) - start;
    return {
      costBelowNanoUsd: own.some(({ span }) => isPriced(span)) ? cost : undefined,
      costStartShare: share(start),
      costShare: share(cost),
    };
  });
}

const isPriced = ({ isBilled, costNanoUsd }: TraceSpan): boolean =>
  isBilled && costNanoUsd !== undefined;

const addCost = (sum: bigint, span: TraceSpan): bigint =>
  isPriced(span) ? sum + (span.costNanoUsd ?? 0n) : sum;

interface Placed {
  readonly span: TraceSpan;
  readonly depth: number;
}

function inTreeOrder(spans: readonly TraceSpan[]): Placed[] {
  const ids = new Set(
    spans.flatMap(({ signal, spanId }) => (signal === "span" ? (spanId ?? []) : [])),
  );
  const children = Map.groupBy(spans, (span) => {
    const parent = parentOf(span);
    return parent !== undefined && ids.has(parent) ? parent : undefined;
  });
  const placed: Placed[] = [];
  const seen = new Set<TraceSpan>();
  const place = (roots: readonly TraceSpan[]): void => {
    const open = roots.map((span): Placed => ({ span, depth: 0 })).reverse();
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { span, depth } = next;
      if (seen.has(span)) continue;
      seen.add(span);
      placed.push(next);
      if (span.signal !== "span" || span.spanId === undefined) continue;
      const below = children.get(span.spanId) ?? [];
      for (const child of below.toReversed()) open.push({ span: child, depth: depth + 1 });
    }
  };
  place(children.get(undefined) ?? []);
  for (const span of spans) place([span]); // what is left: records that are below one another in a circle
  return placed;
}

/** A log lies in the span whose id it bears. */
const parentOf = ({ signal, spanId, parentSpanId }: TraceSpan): string | undefined =>
  signal === "span" ? parentSpanId : spanId;
