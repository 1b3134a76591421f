import type { ManifestFile } from "../lake/manifest.ts";
import { millisFromIsoMicros } from "../lake/micros.ts";
import type { QuerySource, TimeRange } from "./query-source.ts";

/** Files of the manifest, with `paths` (their local copies, in the same order), as a source for queries. */
export function manifestSource(
  files: readonly ManifestFile[],
  paths: readonly string[],
): QuerySource {
  const isUniform = new Set(files.map((file) => file.rowVersion)).size <= 1;
  return { files: paths, isUniform, bounds: files.map((file) => boundsOf(file)) };
}

function boundsOf(file: ManifestFile): TimeRange {
  return {
    fromUnixMs: millisFromIsoMicros(file.minStartTime) ?? Number.NEGATIVE_INFINITY,
    toUnixMs: (millisFromIsoMicros(file.maxStartTime) ?? Number.POSITIVE_INFINITY) + 1,
  };
}
