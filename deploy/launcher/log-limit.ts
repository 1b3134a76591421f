import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

/** Logs hold starts, stops and faults, never a line per request: this much is weeks. */
const LOG_BYTES_MAX = 20 * 1024 * 1024;
const CHECK_INTERVAL_MS = 60_000;

/** Empties a log that grew beyond the limit. The writers append, so emptying in place is safe. */
function limitLogs(folder: string, bytesMax = LOG_BYTES_MAX): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith(".log") && statSync(path).size > bytesMax) truncateSync(path);
  }
}

/** Keeps the logs limited from now on. Returns a function that ends it. */
export function keepLogsLimited(folder: string): () => void {
  limitLogs(folder);
  const timer = setInterval(() => limitLogs(folder), CHECK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
