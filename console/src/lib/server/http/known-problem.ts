import { LensError, type ErrorCode } from "@lensai/otel-config/errors";
import { logError } from "../log.ts";
import type { Problem } from "./problem.ts";

/** Problems of a question or of the lake, whose own sentence says what to do. All others stay in the log. */
const STATUS_BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  "query.invalid": 400,
  "query.not_found": 404,
  "query.timeout": 503,
  "lake.object_missing": 503,
  "lake.store_unavailable": 503,
  "lake.store_refused": 503,
  "lake.file_corrupt": 500,
};

/** What people may be told about a failure; undefined when it is none of theirs. Ours go to the log too. */
export function knownProblem(failure: unknown, requestId: string): Problem | undefined {
  const status = failure instanceof LensError ? STATUS_BY_CODE[failure.code] : undefined;
  if (!(failure instanceof LensError) || status === undefined) return undefined;
  if (status >= 500) logError("a question could not be answered", { requestId, error: failure });
  return { status, code: failure.code, detail: failure.message };
}
