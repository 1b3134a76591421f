import type { DuckDb } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { LocalFiles } from "../lake/local-files.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { allCorrections } from "../queries/corrected-rows.ts";
import type { CompactionGroup } from "./plan-compaction.ts";
import { planFold } from "./plan-fold.ts";
import type { SettledDay } from "./plan-fold.ts";

interface FoldParts {
  readonly files: LocalFiles;
  readonly duckDb: DuckDb;
}

/** What one pass writes again. */
const FOLD_BYTES = 64 << 20;

/**
 * What makes rows of a settled day say themselves what its corrections say of them, in one exchange: those rows, and
 * the corrections that are about others. None when no day has any.
 */
export async function foldGroups(
  all: readonly ManifestFile[],
  nowUnixMs: number,
  parts: FoldParts,
): Promise<CompactionGroup[]> {
  const settled = planFold(all, nowUnixMs);
  if (settled === undefined) return [];
  const { day, corrections } = settled;
  const spans = await filesToFold(settled, parts);
  const rest: CompactionGroup = { kind: "corrections", day, files: corrections, foldedInto: spans };
  return spans.length === 0 ? [rest] : [{ kind: "spans", day, files: spans, corrections }, rest];
}

/**
 * The files of a settled day that hold rows which its corrections are about, of one row version and as many as one pass
 * writes again. None:
 * the corrections are about rows that the day does not have (any more), and no reader would apply them.
 */
async function filesToFold(
  { spans, corrections }: SettledDay,
  { files, duckDb }: FoldParts,
): Promise<ManifestFile[]> {
  const projects = new Set(corrections.flatMap((file) => file.projects));
  const chosen: ManifestFile[] = [];
  let bytes = 0;
  for (const file of spans) {
    if (bytes >= FOLD_BYTES) break;
    if (!file.projects.some((project) => projects.has(project))) continue;
    if (file.rowVersion !== (chosen[0] ?? file).rowVersion) continue;
    const isCorrected = await files.use([file, ...corrections], async ([rows = "", ...decided]) => {
      const found = await duckDb.query(sql`SELECT 1 AS found FROM read_parquet(${[rows]})
        SEMI JOIN (${allCorrections(decided)}) USING (project_id, batch_id, record_ordinal) LIMIT 1`);
      return found.length > 0;
    });
    if (!isCorrected) continue;
    chosen.push(file);
    bytes += file.sizeBytes;
  }
  return chosen;
}
