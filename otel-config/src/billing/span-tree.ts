import type { CallRecord, Key, SpanLinks } from "./call-record.ts";

/**
 * Which record lies around which, through the spans between them. Deeper than this is a broken trace: the
 * walk ends there, and with it a circle of parents.
 */
const DEPTH_MAX = 512;

export interface OuterRecord {
  /** Position of the nearest record around this one. */
  readonly at: number;
  /** Something that starts work of its own (a tool, an agent) lies between the two. */
  readonly isBeyondBoundary: boolean;
}

export class SpanTree {
  private readonly records: readonly CallRecord[];
  private readonly outers: readonly (OuterRecord | undefined)[];
  /** How many records lie around each. */
  private readonly depths: Int32Array;

  constructor(records: readonly CallRecord[], links: SpanLinks) {
    this.records = records;
    const bySpan = indexSpans(records);
    const found = records.map((record) => findOuter(record, bySpan, links));
    this.depths = new Int32Array(records.length);
    for (let at = 0; at < records.length; at += 1) this.depths[at] = depthOf(at, found);
    // Records of a circle of parents lie around each other: none of them does.
    this.outers = found.map((outer, at) => (this.depths[at] === DEPTH_MAX ? undefined : outer));
  }

  outerOf(at: number): OuterRecord | undefined {
    return this.outers[at];
  }

  depthOf(at: number): number {
    return this.depths[at] as number;
  }

  /** The nearest call around a record of the same work: no tool or agent lies between them. */
  outerCallOf(at: number): number | undefined {
    let outer = this.outers[at];
    while (outer !== undefined && !outer.isBeyondBoundary) {
      const { part } = this.records[outer.at] as CallRecord;
      if (part === "call") return outer.at;
      if (part === "agent") return undefined;
      outer = this.outers[outer.at];
    }
    return undefined;
  }

  /** Does one lie around the other? */
  areNested(left: number, right: number): boolean {
    return this.isAround(left, right) || this.isAround(right, left);
  }

  private isAround(outer: number, inner: number): boolean {
    if (this.depthOf(outer) >= this.depthOf(inner)) return false;
    for (let each = this.outers[inner]; each !== undefined; each = this.outers[each.at]) {
      if (each.at === outer) return true;
    }
    return false;
  }
}

type SpanIndex = ReadonlyMap<Key, ReadonlyMap<Key, number>>;

/** Positions of span records by trace and span; of several records of one span, the first by id. */
function indexSpans(records: readonly CallRecord[]): SpanIndex {
  const index = new Map<Key, Map<Key, number>>();
  for (const [at, { trace, span, id }] of records.entries()) {
    if (trace === undefined || span === undefined) continue;
    const spans = index.get(trace) ?? new Map<Key, number>();
    index.set(trace, spans);
    const before = spans.get(span);
    if (before === undefined || id < (records[before] as CallRecord).id) spans.set(span, at);
  }
  return index;
}

function findOuter(
  record: CallRecord,
  index: SpanIndex,
  links: SpanLinks,
): OuterRecord | undefined {
  if (record.trace === undefined) return undefined;
  const spans = index.get(record.trace);
  let isBeyondBoundary = false;
  let span = record.parent;
  for (let steps = 0; span !== undefined && steps < DEPTH_MAX; steps += 1) {
    const at = spans?.get(span);
    if (at !== undefined) return { at, isBeyondBoundary };
    const link = links.find(record, span);
    if (link === undefined) return undefined;
    isBeyondBoundary ||= link.isBoundary;
    span = link.parent;
  }
  return undefined;
}

function depthOf(at: number, outers: readonly (OuterRecord | undefined)[]): number {
  let depth = 0;
  for (let outer = outers[at]; outer !== undefined; outer = outers[outer.at]) {
    depth += 1;
    if (depth === DEPTH_MAX) return DEPTH_MAX;
  }
  return depth;
}
