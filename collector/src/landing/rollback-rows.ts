import type { PlainColumn, RowBatch } from "@lensai/otel-config/span-row/row-batch";

/**
 * Forgets every row from `rowCount` on. Unlike RowBatch.rollback it needs no mark from before: plain text
 * lies in row order, so the last kept value says where the arena ends.
 */
export function rollbackRows(batch: RowBatch, rowCount: number): void {
  if (rowCount >= batch.rowCount) return;
  batch.rowCount = rowCount;
  for (const column of batch.columns) {
    if (column.kind === "plain") column.bytesLength = plainEnd(column, rowCount);
  }
}

function plainEnd(column: PlainColumn, rowCount: number): number {
  for (let row = rowCount - 1; row >= 0; row -= 1) {
    const start = column.starts[row] as number;
    if (start === 0) continue;
    const at = start - 1;
    const { bytes } = column;
    const length =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    return at + 4 + length;
  }
  return 0;
}
