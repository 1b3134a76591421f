import { SPAN_ROW_VERSION } from "@lensai/otel-config/span-row/columns";
import type { ManifestFile } from "../lake/manifest.ts";
import { millisFromIsoMicros } from "../lake/micros.ts";
import type { QuerySource, TimeRange } from "./query-source.ts";

/**
 * Files of the manifest, with `paths` (their local copies, in the same order), as a source for queries. Files
 * of corrections among them are applied to the rows of the others.
 */
export function manifestSource(
  files: readonly ManifestFile[],
  paths: readonly string[],
): QuerySource {
  const isCorrections = (_: unknown, at: number): boolean => files[at]?.kind === "corrections";
  const isRows = (_: unknown, at: number): boolean => !isCorrections(_, at);
  const rowFiles = files.filter(isRows);
  return {
    files: paths.filter(isRows),
    corrections: paths.filter(isCorrections),
    isUniform: new Set(rowFiles.map((file) => file.rowVersion)).size <= 1,
    hasOldRows: rowFiles.some(
      (file) => file.kind === "spans" && file.rowVersion < SPAN_ROW_VERSION,
    ),
    bounds: rowFiles.map((file) => boundsOf(file)),
  };
}

function boundsOf(file: ManifestFile): TimeRange {
  return {
    fromUnixMs: millisFromIsoMicros(file.minStartTime) ?? Number.NEGATIVE_INFINITY,
    toUnixMs: (millisFromIsoMicros(file.maxStartTime) ?? Number.POSITIVE_INFINITY) + 1,
  };
}
