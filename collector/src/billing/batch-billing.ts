import type { Correction } from "@lensai/analytics/corrections/correction";
import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { CallRecord } from "@lensai/otel-config/billing/call-record";
import { resolveCalls } from "@lensai/otel-config/billing/resolve-calls";
import { replacedRows } from "@lensai/otel-config/span-row/replaced-rows";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { CallWindow, WALK_MAX } from "./call-window.ts";
import type { KnownSlots, WindowLimits } from "./call-window.ts";
import { RowReader } from "./row-reader.ts";
import { VerdictColumns } from "./verdict-columns.ts";

/** Records resolved together. More that hang together are a trace that never ends; the lake resolves it. */
const RESOLVED_TOGETHER_MAX = 2048;
const MICROS_PER_MS = 1000;
const NO_ROW = -1;

interface Gathering {
  readonly recordAt: (slot: number) => CallRecord;
  readonly seen: Set<number>;
}

interface Gathered {
  readonly together: readonly number[];
  /** Nothing that hangs together with them is missing. */
  readonly isWhole: boolean;
}

/**
 * Decides what is billed of each batch before it lands, together with what landed shortly before, and says
 * which verdicts on landed rows have changed by it. The verdicts are those that `resolveCalls` would give on
 * everything that the window remembers.
 */
export class BatchBilling {
  readonly window: CallWindow;
  private readonly projects: string[] = [];
  private readonly projectCodes = new Map<string, number>();
  /** Row of the batch that a slot holds, or NO_ROW for one that landed before. */
  private readonly rows: Int32Array;
  private decidedMicros = 0;

  constructor(limits?: WindowLimits) {
    this.window = new CallWindow(limits);
    this.rows = new Int32Array(this.window.slotCount).fill(NO_ROW);
  }

  /** Fills the billing columns of the batch; answers with the verdicts to correct. */
  bill(batch: RowBatch, landedAtMs: number): Correction[] {
    this.decidedMicros = Math.max(this.decidedMicros + 1, landedAtMs * MICROS_PER_MS);
    const columns = new VerdictColumns(batch);
    const slots = this.remember(batch, columns);
    const changed = this.resolve(slots);
    const corrections: Correction[] = [];
    for (const slot of changed) {
      const row = this.rows[slot] as number;
      if (row === NO_ROW) corrections.push(this.correctionOf(slot));
      else columns.write(row, this.window.table.verdict(slot));
    }
    this.rows.fill(NO_ROW);
    return corrections;
  }

  /** Answers with slots whose records may not be alone, or whose traces have something new. */
  private remember(batch: RowBatch, columns: VerdictColumns): number[] {
    const reader = new RowReader(batch);
    const replaced = batch.hasRepeats ? replacedRows(batch) : undefined;
    const slots: number[] = [];
    const links: number[] = [];
    for (let row = 0; row < batch.rowCount; row += 1) {
      if (replaced?.has(row) === true) continue;
      const part = reader.partOf(row);
      if (part === undefined) {
        if (reader.signalOf(row) === "span") links.push(row);
        continue;
      }
      const project = this.projectOf(reader, row);
      const day = batch.days[row] as number;
      const slot = this.window.add({ reader, at: row, part, project, day });
      this.rows[slot] = row;
      columns.write(row, this.window.table.verdict(slot));
      if (this.window.mayHaveCompany) slots.push(slot);
    }
    for (const row of links) {
      const slot = this.window.addLink(reader, row, this.projectOf(reader, row));
      if (slot !== undefined) slots.push(slot);
    }
    return slots;
  }

  private projectOf(reader: RowReader, row: number): number {
    const name = reader.projects.get(row) ?? "";
    const known = this.projectCodes.get(name);
    if (known !== undefined) return known;
    const code = this.projects.length;
    this.projects.push(name);
    this.projectCodes.set(name, code);
    return code;
  }

  /** Answers with the slots whose verdict has changed. */
  private resolve(slots: readonly number[]): Set<number> {
    const records = new Map<number, CallRecord>();
    const recordAt = (slot: number): CallRecord => {
      const record = records.get(slot) ?? this.window.table.recordAt(slot);
      records.set(slot, record);
      return record;
    };
    const seen = new Set<number>();
    const changed = new Set<number>();
    // From the newest on, as traces are walked: one that is too long is cut into runs of neighbours.
    for (const slot of slots.toReversed()) {
      if (seen.has(slot) || !this.hasCompany(slot, { recordAt, seen })) continue;
      const { together, isWhole } = this.gather(slot, { recordAt, seen });
      const verdicts = resolveCalls(together.map(recordAt), this.window);
      for (const [at, { rule, shadowedBy }] of verdicts.entries()) {
        const own = together[at] as number;
        // What has landed was decided with records around it that are not all here.
        if (!isWhole && this.rows[own] === NO_ROW) continue;
        const by = shadowedBy === undefined ? undefined : together[shadowedBy];
        if (this.window.table.setVerdict(own, rule, by)) changed.add(own);
      }
    }
    return changed;
  }

  /** Could another record change the verdict on this one? Most calls are alone in this. */
  private hasCompany(slot: number, { recordAt, seen }: Gathering): boolean {
    const { window } = this;
    return (
      window.ofTrace(slot).some((other) => other !== slot && !window.table.areApart(slot, other)) ||
      window.ofResponse(slot, recordAt, seen).length > 0 ||
      window.twinsOf(slot, recordAt, seen).length > 0
    );
  }

  /**
   * Everything that hangs together with a record. What does is seen at once, unless it is more than fits: then the
   * rest comes in a turn of its own, which passes over what was seen.
   */
  private gather(first: number, { recordAt, seen }: Gathering): Gathered {
    const { window } = this;
    const together = new Set([first]);
    const traces = new Set<number>();
    let isWhole = true;
    const known: KnownSlots = { has: (slot) => together.has(slot) || seen.has(slot) };
    const ofTrace = (slot: number): number[] => {
      const key = window.traceKey(slot);
      if (traces.has(key)) return [];
      traces.add(key);
      const found = window.ofTrace(slot, seen);
      isWhole &&= found.length < WALK_MAX && found.length === window.ofTrace(slot).length;
      return found;
    };
    for (const slot of together) {
      const near = [
        ...ofTrace(slot),
        ...window.ofResponse(slot, recordAt, known),
        ...window.twinsOf(slot, recordAt, known),
      ];
      for (const other of near) {
        if (together.size < RESOLVED_TOGETHER_MAX) together.add(other);
        else isWhole = false;
      }
    }
    for (const slot of together) seen.add(slot);
    return { together: [...together], isWhole };
  }

  private correctionOf(slot: number): Correction {
    const { table } = this.window;
    const { rule, shadowedBy } = table.verdict(slot);
    return {
      projectId: this.projects[table.word(slot, "project")] as string,
      batchId: table.batchId(slot),
      recordOrdinal: table.word(slot, "ordinal"),
      traceId: table.traceId(slot),
      spanId: table.spanId(slot),
      day: table.word(slot, "day"),
      startMicros: table.startOf(slot),
      billed: isBilledRule(rule),
      billRule: rule,
      shadowedBy,
      decidedMicros: this.decidedMicros,
    };
  }
}
