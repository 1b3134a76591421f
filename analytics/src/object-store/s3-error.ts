import { LensError } from "@lensai/otel-config/errors";
import {
  ifAbsentUnsupported,
  objectMissing,
  storeRefused,
  storeUnavailable,
} from "./store-error.ts";

/** What failed: for messages and for the cases that depend on the call. */
export interface S3Call {
  readonly action: "put" | "get" | "head" | "list" | "delete";
  readonly key: string;
  /** The store's description. */
  readonly store: string;
  readonly ifAbsent?: boolean;
}

/** Refusals by status that pass: conflicts of concurrent conditional puts, throttling, slow bodies, skewed clocks (the client corrects itself). */
const PASSING_ERRORS: ReadonlySet<string> = new Set([
  "ConditionalRequestConflict",
  "OperationAborted",
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequests",
]);

/** Errors that the client raises before it sends anything: no credentials, no region, a bad endpoint. */
const CLIENT_SETTING_ERRORS: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "TokenProviderError",
  "ERR_INVALID_URL",
]);

const STATUS_ADVICE: Readonly<Record<number, string>> = {
  301: "the bucket is in another region: set AWS_REGION to it",
  400: "the server does not understand the request: check the endpoint and the region",
  401: "check the access key and its secret",
  403: "check the access key, its secret and the bucket's policy",
  404: "check that the bucket exists and the endpoint is right",
};

interface S3Failure {
  readonly name: string;
  readonly code: string;
  readonly status: number | undefined;
}

/** Did a conditional put find the object already there? */
export function isPreconditionFailure(error: unknown): boolean {
  return failureOf(error).status === 412;
}

/** Is the object of a get or head not there? (A missing bucket answers NoSuchBucket.) */
export function isMissingObject(error: unknown): boolean {
  const { status, name } = failureOf(error);
  return status === 404 && (name === "NoSuchKey" || name === "NotFound");
}

/**
 * A failed call as a LensError. The client's error object is dropped: it carries the request with its
 * signature, which must not reach a log.
 */
export function s3Error(error: unknown, call: S3Call): LensError {
  if (error instanceof LensError) return error;
  if (call.action === "get" && isMissingObject(error)) return objectMissing(call.key, call.store);
  const failure = failureOf(error);
  const details = { name: failure.name, status: failure.status };
  if (failure.status === 501 && call.ifAbsent === true) {
    return ifAbsentUnsupported(call.store, { details });
  }
  const answer = [failure.status, failure.code || failure.name].filter(Boolean).join(" ");
  const message = `cannot ${call.action} ${call.key} in ${call.store}: ${answer}`;
  if (isPassing(failure)) return storeUnavailable(message, { details });
  return storeRefused(`${message}, ${adviceFor(failure.status)}`, { details });
}

function adviceFor(status: number | undefined): string {
  return STATUS_ADVICE[status ?? 0] ?? "check the endpoint, the credentials and the bucket";
}

function isPassing({ status, name, code }: S3Failure): boolean {
  if (PASSING_ERRORS.has(name)) return true;
  if (status === undefined)
    return !CLIENT_SETTING_ERRORS.has(name) && !CLIENT_SETTING_ERRORS.has(code);
  return status === 408 || status === 409 || status === 429 || (status >= 500 && status !== 501);
}

function failureOf(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { name: "unknown error", code: "", status: undefined };
  const { $metadata: metadata, code } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  return {
    name: error.name,
    code: typeof code === "string" ? code : "",
    status: metadata?.httpStatusCode,
  };
}
