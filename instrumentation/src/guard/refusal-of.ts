import { BudgetExceededError, KillSwitchError, PolicyStaleError, errorOf } from "./refusal.ts";
import type { Refusal, RefusalError } from "./refusal.ts";
import { REFUSAL_HEADER, refusalOfFields, refusalOfHeader } from "./refusal-text.ts";

/** Where errors of SDKs keep what they were made of. */
const INNER = [
  "cause",
  "error",
  "lensai",
  "response",
  "$response",
  "lastError",
  "errors",
  "body",
  "data",
  "responseBody",
  "message",
] as const;
const HEADERS = ["headers", "responseHeaders"] as const;
/** Deeper is no error of any SDK; a cycle ends here. */
const DEPTH_MAX = 6;

/**
 * The refusal of the guard that an error comes from, whatever an SDK has made of it: the error itself, one in
 * its chain of causes, or the answer that the error was made from. Also takes the `Response` of a plain `fetch`.
 * Undefined for every other error. Never throws.
 *
 *     try { await client.chat.completions.create(…) } catch (error) {
 *       const refusal = refusalOf(error);
 *       if (refusal instanceof BudgetExceededError) return laterAt(refusal.refusal.resetsAt);
 *       throw error;
 *     }
 */
export function refusalOf(error: unknown): RefusalError | undefined {
  try {
    return search(error, 0);
  } catch {
    return undefined;
  }
}

function search(value: unknown, depth: number): RefusalError | undefined {
  if (isRefusalError(value)) return value;
  if (depth > DEPTH_MAX) return undefined;
  if (typeof value === "string") return searchText(value, depth);
  if (typeof value !== "object" || value === null) return undefined;
  const found = ownRefusal(value);
  if (found !== undefined) return errorOf(found);
  const inner = Array.isArray(value)
    ? (value as unknown[])
    : INNER.map((name) => memberOf(value, name));
  for (const member of inner) {
    const refusal = search(member, depth + 1);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function isRefusalError(value: unknown): value is RefusalError {
  return [BudgetExceededError, KillSwitchError, PolicyStaleError].some(
    (each) => value instanceof each,
  );
}

/** SDKs of Google put the answer's body into the message. */
function searchText(text: string, depth: number): RefusalError | undefined {
  const start = text.indexOf("{");
  if (start < 0 || !text.includes('"lensai"')) return undefined;
  try {
    return search(JSON.parse(text.slice(start)), depth + 1);
  } catch {
    return undefined;
  }
}

function ownRefusal(value: object): Refusal | undefined {
  for (const name of HEADERS) {
    const header = headerOf(memberOf(value, name));
    const refusal = header === undefined ? undefined : refusalOfHeader(header);
    if (refusal !== undefined) return refusal;
  }
  // Errors of another copy of this package, and the fields of an answer's body.
  return refusalOfFields(memberOf(value, "lensai")) ?? refusalOfError(value);
}

function refusalOfError(value: object): Refusal | undefined {
  const code = memberOf(value, "code");
  if (code !== "control.budget_exceeded" && code !== "control.kill_switch") return undefined;
  const refusal = memberOf(value, "refusal");
  return typeof refusal === "object" && refusal !== null ? (refusal as Refusal) : undefined;
}

function headerOf(headers: unknown): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  if ("get" in headers && typeof headers.get === "function") {
    const value: unknown = (headers as { get(name: string): unknown }).get(REFUSAL_HEADER);
    return typeof value === "string" ? value : undefined;
  }
  const value = memberOf(headers, REFUSAL_HEADER);
  return typeof value === "string" ? value : undefined;
}

/** Some members of answers throw when they are asked for: a body that was read already. */
function memberOf(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
