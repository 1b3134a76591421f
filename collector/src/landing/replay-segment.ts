import { setImmediate as nextTurn } from "node:timers/promises";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { Disk } from "./disk.ts";
import type { Quarantine } from "./quarantine.ts";
import { rollbackRows } from "./rollback-rows.ts";
import { scanSegment } from "./scan-segment.ts";
import { SeenJournal } from "./seen-journal.ts";
import type { WalRecord } from "./wal-record.ts";
import type { WalSegment } from "./wal-segment.ts";

/** Appends the rows of a record to a batch, synchronously, as ingest did. Throws when it cannot. */
export type DecodeRecord = (record: WalRecord, batch: RowBatch) => void;

export interface ReplayContext {
  readonly disk: Disk;
  readonly quarantine: Quarantine;
}

/** Decoding a backlog shares the thread with requests: it gives way after this long. */
const SLICE_MS = 8;

/**
 * First look at a segment that an earlier process left: counts its records, notes what was seen, copies
 * damaged ranges to the quarantine. Decodes nothing.
 */
export async function surveySegment(segment: WalSegment, context: ReplayContext): Promise<void> {
  const file = await context.disk.open(segment.path, "existing");
  segment.file = file;
  segment.journal = new SeenJournal();
  for await (const part of scanSegment(file, segment)) {
    if (part.kind === "record") {
      segment.count(part.record);
      segment.journal.add(part.record);
    } else if (part.kind === "damage") {
      await context.quarantine.keepDamage(segment, part);
    } else {
      segment.tail = part.from;
      if (part.reason === "torn") context.quarantine.noteTornTail();
    }
  }
  await file.close();
  segment.file = undefined;
}

/**
 * Decodes a segment again into an empty batch and rebuilds its journal. A record that the decoder refuses
 * goes to the quarantine and does not keep the others from landing.
 */
export async function replaySegment(
  segment: WalSegment,
  batch: RowBatch,
  context: ReplayContext & { readonly decode: DecodeRecord },
): Promise<void> {
  const file = segment.file ?? (await context.disk.open(segment.path, "existing"));
  segment.file = file;
  const journal = new SeenJournal();
  let sliceEndsAt = performance.now() + SLICE_MS;
  for await (const part of scanSegment(file, segment)) {
    if (part.kind !== "record") continue;
    journal.add(part.record);
    const rowsBefore = batch.rowCount;
    try {
      context.decode(part.record, batch);
    } catch {
      rollbackRows(batch, rowsBefore);
      await context.quarantine.keepUndecodable(segment, part);
    }
    if (batch.rowCount - rowsBefore !== part.record.rowCount)
      context.quarantine.noteRowDifference();
    if (performance.now() < sliceEndsAt) continue;
    await nextTurn();
    sliceEndsAt = performance.now() + SLICE_MS;
  }
  segment.journal = journal;
}
