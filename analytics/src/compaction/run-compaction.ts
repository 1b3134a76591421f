import { mkdir, rm } from "node:fs/promises";
import { DuckDb } from "../duckdb/connect.ts";
import { compactLake } from "./compact-lake.ts";
import type { CompactionOptions, CompactionOutcome } from "./compact-lake.ts";

const MEMORY_LIMIT = "512MB";
const QUERY_TIMEOUT_MS = 600_000;

/** One pass in an empty work folder, with a database of its own whose memory is free again afterwards. */
export async function runCompaction(
  options: Omit<CompactionOptions, "duckDb">,
): Promise<CompactionOutcome> {
  const { workFolder } = options;
  await rm(workFolder, { recursive: true, force: true });
  await mkdir(workFolder, { recursive: true });
  const duckDb = new DuckDb({
    threads: 1,
    memoryLimit: MEMORY_LIMIT,
    tempDirectory: workFolder,
    timeoutMs: QUERY_TIMEOUT_MS,
  });
  try {
    return await compactLake({ ...options, duckDb });
  } finally {
    await duckDb.close();
    await rm(workFolder, { recursive: true, force: true });
  }
}
