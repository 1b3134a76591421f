import { billedCalls } from "../prices/billed-calls.ts";
import type { BilledCall } from "../prices/billed-calls.ts";
import { checkRange } from "../queries/query-source.ts";
import type { TimeRange } from "../queries/query-source.ts";
import { parseTime, usageError } from "./arguments.ts";
import type { CliLake } from "./cli-lake.ts";

/** How much is read at once: the calls of an hour of a busy project fit in memory. */
const WINDOW_MS = 3_600_000;
const DEFAULT_RANGE_MS = 30 * 86_400_000;

/** The options --from and --to; the last 30 days without them. */
export function rangeOf(
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
  now: Date,
): TimeRange {
  const until = parseTime("to", to) ?? now;
  const since = parseTime("from", from) ?? new Date(until.getTime() - DEFAULT_RANGE_MS);
  const range = { fromUnixMs: since.getTime(), toUnixMs: until.getTime() };
  checkRange(range);
  return range;
}

/**
 * The billed calls of one project, or of all, hour by hour.
 * @yields the calls of a project in an hour that has any
 */
export async function* callsInLake(
  lake: CliLake,
  projectId: string | undefined,
  range: TimeRange,
): AsyncGenerator<BilledCall[]> {
  if (projectId !== undefined && !lake.projects.includes(projectId)) {
    throw usageError(`the lake has no project "${projectId}"; it has ${lake.projects.join(", ")}`);
  }
  for (const project of projectId === undefined ? lake.projects : [projectId]) {
    for (let fromUnixMs = range.fromUnixMs; fromUnixMs < range.toUnixMs; fromUnixMs += WINDOW_MS) {
      const window = { fromUnixMs, toUnixMs: Math.min(fromUnixMs + WINDOW_MS, range.toUnixMs) };
      const calls = await lake.ask(project, window, (target) =>
        billedCalls(project, window, target),
      );
      if (calls !== undefined && calls.length > 0) yield calls;
    }
  }
}
