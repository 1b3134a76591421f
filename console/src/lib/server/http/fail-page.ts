import { error } from "@sveltejs/kit";
import { LensError, type ErrorCode } from "@lensai/otel-config/errors";
import { logError } from "../log.ts";

/** Problems of a question or of the lake, whose own sentence says what to do. All others stay in the log. */
const STATUS_BY_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  "query.invalid": 400,
  "query.timeout": 503,
  "lake.object_missing": 503,
  "lake.store_unavailable": 503,
  "lake.store_refused": 503,
  "lake.file_corrupt": 500,
};

/** Ends the load of a page that could not be answered: people get the sentence of a known problem. */
export function failPage(failure: unknown, requestId: string): never {
  const status = failure instanceof LensError ? STATUS_BY_CODE[failure.code] : undefined;
  if (!(failure instanceof LensError) || status === undefined) throw failure;
  if (status >= 500) logError("a page could not be answered", { requestId, error: failure });
  error(status, failure.message);
}
