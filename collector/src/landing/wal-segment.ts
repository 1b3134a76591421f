import type { DiskFile } from "./disk.ts";
import { SeenJournal } from "./seen-journal.ts";
import type { SegmentIdentity } from "./wal-record.ts";

/**
 * One use of one WAL file, from its first record until its rows are in the lake:
 * ready -> open -> sealed -> landed -> recycled. A file is used again under another number and salt.
 */
export class WalSegment implements SegmentIdentity {
  readonly number: number;
  readonly saltLow: number;
  readonly saltHigh: number;
  path: string;
  /** Undefined while nobody writes or reads it. */
  file: DiskFile | undefined;
  /** End of the durable records; the next group is written here. */
  tail = 0;
  recordCount = 0;
  /** Rows of the durable records. */
  rowCount = 0;
  /** Receive time of the first record: it decides under which day the segment is committed. */
  firstReceivedMs: number | undefined;
  /** Undefined once the segment has left memory: then it is built again when the records are read. */
  journal: SeenJournal | undefined = new SeenJournal();

  constructor(identity: SegmentIdentity, path: string, file?: DiskFile) {
    this.number = identity.number;
    this.saltLow = identity.saltLow;
    this.saltHigh = identity.saltHigh;
    this.path = path;
    this.file = file;
  }

  /** Fixed-width, so that names sort by number. */
  get name(): string {
    return segmentName(this.number);
  }

  /** Notes one durable record. */
  count(record: { rowCount: number; receivedAtMs: number }): void {
    this.recordCount += 1;
    this.rowCount += record.rowCount;
    this.firstReceivedMs ??= record.receivedAtMs;
  }
}

const NUMBER_DIGITS = 10;

export function segmentName(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, "0");
}
