import { LensError } from "@lensai/otel-config/errors";
import type { LensErrorOptions } from "@lensai/otel-config/errors";

/** The call can succeed later as it is: network, throttling, a full disk, a time-out. */
export function storeUnavailable(message: string, options: LensErrorOptions = {}): LensError {
  return new LensError("lake.store_unavailable", message, { retryable: true, ...options });
}

/** The call fails again until somebody changes a setting or a permission. */
export function storeRefused(message: string, options: LensErrorOptions = {}): LensError {
  return new LensError("lake.store_refused", message, options);
}

/** Nothing came back in time. Retryable, but by those who can spare as much time again. */
export function storeTimedOut(message: string): LensError {
  return storeUnavailable(message, { details: { timedOut: true } });
}

export function isTimeOut(error: LensError): boolean {
  return error.details["timedOut"] === true;
}

export function objectMissing(key: string, description: string): LensError {
  return new LensError("lake.object_missing", `${description} has no object ${key}`);
}

/** A store that knows no conditional put says so with this error; with-conditional-put.ts reacts to it. */
export function ifAbsentUnsupported(
  description: string,
  options: LensErrorOptions = {},
): LensError {
  return storeRefused(`${description} does not support conditional puts`, {
    ...options,
    details: { ...options.details, unsupported: "ifAbsent" },
  });
}

export function isIfAbsentUnsupported(error: unknown): boolean {
  return error instanceof LensError && error.details["unsupported"] === "ifAbsent";
}
