import { callDetail } from "@lensai/analytics/queries/call-detail";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { LakeReader } from "./lake-reader.ts";

export interface CallQuestion {
  readonly projectId: string;
  readonly traceId: string;
  readonly spanId: string;
  /** The millisecond in which the call started; undefined searches the last month. */
  readonly atUnixMs: number | undefined;
  readonly nowUnixMs: number;
}

const DAY_MS = 86_400_000;
const LOOK_BACK_MS = 31 * DAY_MS;

/** One record with its content; undefined when there is none in the time searched. */
export async function loadCall(
  lake: LakeReader,
  question: CallQuestion,
): Promise<SpanRow | undefined> {
  const { projectId, traceId, spanId } = question;
  const range = searchRange(question);
  await lake.refresh();
  return lake.askWithContent({ projectId, ...range }, (target, content) =>
    callDetail(projectId, { traceId, spanId, ...range, content }, target),
  );
}

function searchRange({ atUnixMs, nowUnixMs }: CallQuestion): {
  fromUnixMs: number;
  toUnixMs: number;
} {
  return atUnixMs === undefined
    ? { fromUnixMs: nowUnixMs - LOOK_BACK_MS, toUnixMs: nowUnixMs + DAY_MS }
    : { fromUnixMs: atUnixMs, toUnixMs: atUnixMs + 1 };
}
