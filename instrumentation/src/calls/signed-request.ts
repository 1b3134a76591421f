import type { HeaderReader } from "../wire/response-facts.ts";

const SIGNATURES = ["content-digest", "digest", "signature", "x-amz-content-sha256"];

/** Has the caller signed the body? Then nobody may change it. */
export function isSigned(header: HeaderReader): boolean {
  for (const name of SIGNATURES) if (header(name) !== undefined) return true;
  return header("authorization")?.startsWith("AWS4-") === true;
}
