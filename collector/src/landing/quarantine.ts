import { join } from "node:path";
import type { Disk } from "./disk.ts";
import type { WalSegment } from "./wal-segment.ts";

/**
 * Where bytes go that should have been records and cannot be used: copied, named after their place, and
 * counted, so that an operator can see what was lost and nothing blocks the rest.
 */
export class Quarantine {
  damagedRanges = 0;
  damagedBytes = 0;
  undecodableRecords = 0;
  tornTails = 0;
  /** Records that decoded to another number of rows than when they were accepted. */
  rowDifferences = 0;
  private readonly disk: Disk;
  private readonly folder: string;

  constructor(disk: Disk, folder: string) {
    this.disk = disk;
    this.folder = folder;
  }

  /** A range between intact records. */
  async keepDamage(segment: WalSegment, range: Range): Promise<void> {
    this.damagedRanges += 1;
    this.damagedBytes += range.to - range.from;
    await this.keep(segment, range, "damaged");
  }

  /** An intact record that the decoder refused. */
  async keepUndecodable(segment: WalSegment, range: Range): Promise<void> {
    this.undecodableRecords += 1;
    await this.keep(segment, range, "undecodable");
  }

  noteTornTail(): void {
    this.tornTails += 1;
  }

  noteRowDifference(): void {
    this.rowDifferences += 1;
  }

  private async keep(segment: WalSegment, { from, to }: Range, what: string): Promise<void> {
    await this.disk.makeFolder(this.folder);
    const bytes = Buffer.allocUnsafe(Math.min(to - from, COPY_BYTES_MAX));
    const count = (await segment.file?.read(bytes, from)) ?? 0;
    const path = join(this.folder, `${segment.name}-${from}.${what}`);
    await this.disk.write(path, bytes.subarray(0, count));
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** More than the largest record: a longer range is zeros or many records, and its start tells enough. */
const COPY_BYTES_MAX = 256 * 1024 * 1024;
