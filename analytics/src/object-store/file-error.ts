import { LensError } from "@lensai/otel-config/errors";
import { storeRefused, storeUnavailable } from "./store-error.ts";

/** Answers that stay the same until somebody changes a permission, a mount or a path. */
const REFUSING_CODES: ReadonlySet<string> = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ENAMETOOLONG",
  "EINVAL",
  "ELOOP",
  "EXDEV",
]);

/** Advice for the codes a user meets; the rest is said by the code alone. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "give this process's user access to the folder",
  EPERM: "give this process's user access to the folder",
  EROFS: "the file system is mounted read-only: mount it writable",
  ENOSPC: "the disk is full: free some space",
  EDQUOT: "the disk quota is used up: free some space",
  EMFILE: "this process has too many open files: raise its limit",
};

/** The errno code of a file system error, "" for anything else. */
export function errnoCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : "";
}

/** Does the code say that nothing is there? */
export function isMissingFile(error: unknown): boolean {
  const code = errnoCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/**
 * A failed file operation as a LensError. `action` is what failed, as "write /lake/a.parquet". Errors that
 * are not the file system's (a LensError, the reason of an aborted signal) come back as they are.
 */
export function fileStoreError(error: unknown, action: string): unknown {
  const code = errnoCode(error);
  if (error instanceof LensError || !/^E[A-Z0-9]+$/.test(code)) return error;
  const advice = ADVICE[code];
  const message = `cannot ${action}: ${code}${advice === undefined ? "" : `, ${advice}`}`;
  const options = { cause: error, details: { errno: code } };
  return REFUSING_CODES.has(code)
    ? storeRefused(message, options)
    : storeUnavailable(message, options);
}
