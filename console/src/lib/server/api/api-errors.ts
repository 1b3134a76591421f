import { LensError, type ErrorCode } from "@lensai/otel-config/errors";
import { isDatabaseGone } from "../db/database-gone.ts";
import { isReadPermission } from "../access/permissions.ts";
import { hasOrganization, hasProject, isRead, type ApiRoute } from "./route.ts";

/** The status of every problem that this API reports; all other failures are 500 `internal`. */
export const STATUS_BY_CODE = {
  "query.invalid": 400,
  "api.body_malformed": 400,
  "auth.session_missing": 401,
  "auth.key_invalid": 401,
  "auth.key_revoked": 403,
  "auth.permission_missing": 403,
  "auth.project_archived": 403,
  "auth.origin_refused": 403,
  "ingest.host_refused": 403,
  "query.not_found": 404,
  "api.path_unknown": 404,
  "api.method_not_allowed": 405,
  "api.conflict": 409,
  "api.request_in_progress": 409,
  "api.version_conflict": 412,
  "api.body_too_large": 413,
  "api.uri_too_long": 414,
  "api.content_type_unsupported": 415,
  "api.idempotency_key_reused": 422,
  "stripe.refused": 422,
  "api.version_required": 428,
  "api.rate_limited": 429,
  "mail.failed": 502,
  "stripe.failed": 502,
  internal: 500,
  "lake.file_corrupt": 500,
  "api.unavailable": 503,
  "query.timeout": 503,
  "lake.object_missing": 503,
  "lake.store_unavailable": 503,
  "lake.store_refused": 503,
} as const satisfies Readonly<Partial<Record<ErrorCode, number>>>;

export type ApiErrorCode = keyof typeof STATUS_BY_CODE;

const isApiErrorCode = (code: ErrorCode): code is ApiErrorCode => code in STATUS_BY_CODE;

/** Seconds after which a retry of what is retryable makes sense, where the problem itself does not say. */
const RETRY_AFTER_SECONDS = 2;

/** A problem as the API tells it (RFC 9457), before it is JSON. */
export interface ApiProblem {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly detail: string;
  /** What is wrong with which part of the request. */
  readonly errors?: readonly InputError[];
  /** Of a 412: what the thing is at now. */
  readonly currentVersion?: number;
  readonly retryAfterSeconds?: number;
}

export interface InputError {
  readonly in: "path" | "query" | "header" | "body";
  /** JSON Pointer (RFC 6901) into that part: `/scope/team`, `/limit`. */
  readonly pointer: string;
  readonly detail: string;
}

/** The problem of a failure; undefined when it is a fault of ours that belongs in the log. */
export function toApiProblem(failure: unknown): ApiProblem | undefined {
  if (!(failure instanceof LensError)) return isDatabaseGone(failure) ? DATABASE_GONE : undefined;
  const { code, message, details, retryAfterSeconds } = failure;
  if (!isApiErrorCode(code) || code === "internal") return undefined;
  const status = STATUS_BY_CODE[code];
  const { errors, currentVersion } = details as Pick<ApiProblem, "errors" | "currentVersion">;
  const retryAfter = retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
  return {
    status,
    code,
    detail: message,
    ...(errors !== undefined && { errors }),
    ...(currentVersion !== undefined && { currentVersion }),
    ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
  };
}

export const DATABASE_GONE: ApiProblem = {
  status: STATUS_BY_CODE["api.unavailable"],
  code: "api.unavailable",
  detail: "the control database does not answer: ask again, the reason is at /readyz",
  retryAfterSeconds: RETRY_AFTER_SECONDS,
};

export const notFound = (what: string): LensError => new LensError("query.not_found", what);

/** What a caller is told who has nothing to do with the project, and what he is told when there is none. */
export const projectNotFound = (projectId: string): LensError =>
  notFound(`there is no project "${projectId}", or it is not yours`);

/** Somebody else was faster; a caller who has not looked gets to know what to look at. */
export const versionConflict = (currentVersion: number): LensError =>
  new LensError(
    "api.version_conflict",
    `it was changed meanwhile and is at version ${currentVersion} now: read it again and decide anew`,
    { details: { currentVersion } },
  );

const ALWAYS: readonly ApiErrorCode[] = [
  "ingest.host_refused",
  "api.uri_too_long",
  "api.rate_limited",
  "internal",
  "api.unavailable",
];
const OF_CALLERS: readonly ApiErrorCode[] = [
  "auth.session_missing",
  "auth.key_invalid",
  "auth.key_revoked",
  "auth.permission_missing",
];
const OF_BODIES: readonly ApiErrorCode[] = [
  "api.body_malformed",
  "api.body_too_large",
  "api.content_type_unsupported",
];
const OF_WRITES: readonly ApiErrorCode[] = [
  "query.invalid",
  "auth.origin_refused",
  "api.request_in_progress",
  "api.idempotency_key_reused",
];
const OF_TAGGED_READS: readonly ApiErrorCode[] = ["api.version_conflict"];
const OF_EDITS: readonly ApiErrorCode[] = ["api.version_conflict", "api.version_required"];

/** Does an archived project refuse it? */
const isReadOnlyWhenArchived = (route: ApiRoute): boolean =>
  hasProject(route) && !route.isForArchived && !isReadPermission(route.permission);

/** A stream has no tag that somebody could have seen. */
const ofReads = ({ success }: ApiRoute): readonly ApiErrorCode[] =>
  success.schema === undefined ? [] : OF_TAGGED_READS;

/** Every problem a route can answer with: its own and those of its kind. */
export function errorsOf(route: ApiRoute): readonly ApiErrorCode[] {
  const hasInput = route.params !== undefined || route.query !== undefined;
  const codes = [
    ...ALWAYS,
    ...(hasInput || route.body !== undefined ? (["query.invalid"] as const) : []),
    ...(route.permission === "anyone" ? [] : OF_CALLERS),
    ...(hasProject(route) || hasOrganization(route) ? (["query.not_found"] as const) : []),
    ...(route.body === undefined ? [] : OF_BODIES),
    ...(isReadOnlyWhenArchived(route) ? (["auth.project_archived"] as const) : []),
    ...(isRead(route) ? ofReads(route) : OF_WRITES),
    ...(route.isEdit ? OF_EDITS : []),
    ...route.errors.filter(isApiErrorCode),
  ];
  return [...new Set(codes)].sort();
}
