/** A request has at most 65,536 records; padded, so that ids sort as the records of a request do. */
const ORDINAL_DIGITS = 6;

/** `CallRecord.id` of a row. */
export function recordIdOf(batchId: string, recordOrdinal: number): string {
  return `${batchId}/${String(recordOrdinal).padStart(ORDINAL_DIGITS, "0")}`;
}
