import { traceSpans } from "@lensai/analytics/queries/trace-spans";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { TraceRecords } from "../../trace-view.ts";
import type { LakeReader } from "./lake-reader.ts";

/** An agent may have begun long before one of its calls, and may go on long after it. */
const TRACE_WITHIN_MS = 6 * 3_600_000;
/** More than anybody reads on a page; the API tells more. */
const SHOWN_MAX = 200;

/** The trace around a loaded record; undefined for a record that is alone in it, or in none. */
export async function loadTrace(lake: LakeReader, row: SpanRow): Promise<TraceRecords | undefined> {
  const traceId = (row["trace_id"] as string | null) ?? undefined;
  if (traceId === undefined) return undefined;
  const projectId = String(row["project_id"]);
  const startUnixMs = Number((row["start_unix_nano"] as bigint) / 1_000_000n);
  const range = {
    fromUnixMs: Math.max(0, startUnixMs - TRACE_WITHIN_MS),
    toUnixMs: startUnixMs + TRACE_WITHIN_MS,
  };
  const spans = await lake.ask({ name: `trace ${traceId}`, projectId, ...range }, (target) =>
    traceSpans(projectId, { ...range, traceId, limit: SHOWN_MAX + 1 }, target),
  );
  if (spans.length < 2) return undefined;
  return { traceId, spans: spans.slice(0, SHOWN_MAX), isCut: spans.length > SHOWN_MAX };
}
