import type { Correction } from "../../src/corrections/correction.ts";
import { DAY_MICROS } from "../lake/sample-rows.ts";

/** A correction of a row of `batchId`; says that a twin is billed instead, unless told otherwise. */
export function correction(
  batchId: string,
  recordOrdinal: number,
  values: Partial<Correction> = {},
): Correction {
  const day = values.day ?? 20_780;
  return {
    projectId: "project-a",
    batchId,
    recordOrdinal,
    traceId: "1".repeat(32),
    spanId: "2".repeat(16),
    day,
    startMicros: Number(BigInt(day) * DAY_MICROS) + recordOrdinal,
    billed: false,
    billRule: "twin",
    shadowedBy: "3".repeat(16),
    decidedMicros: Number(BigInt(day) * DAY_MICROS) + 5,
    ...values,
  };
}
