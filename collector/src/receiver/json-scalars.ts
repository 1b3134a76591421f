import { LensError } from "@lensai/otel-config/errors";

/** How proto3 JSON writes scalars, read generously: what a sender clearly meant is accepted. */

const INTEGER = /^-?\d{1,20}$/;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;
const TWO_32 = 4294967296;

/**
 * The request is JSON but not OTLP/JSON. `at` grows from the inside out while the error travels up, and
 * ends as a path such as `resourceSpans[0].scopeSpans[0].spans[3].name`. Never holds a value: values
 * can be content.
 */
export class JsonShapeError extends Error {
  at = "";

  prepend(step: string): void {
    this.at = this.at === "" || this.at.startsWith("[") ? step + this.at : `${step}.${this.at}`;
  }

  toLensError(): LensError {
    return new LensError("ingest.body_malformed", `${this.at || "the body"}: ${this.message}`);
  }
}

/** What a JSON value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text; numbers and booleans are taken as their text. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new JsonShapeError(`must be text, not ${kindOf(value)}`);
}

export function boolOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === 1) return true;
  if (value === "false" || value === 0) return false;
  throw new JsonShapeError(`must be true or false, not ${kindOf(value)}`);
}

/**
 * A 64-bit integer from a number, a decimal string (exact above 2^53) or `{low, high}`, the shape in
 * which some bridges leak a Long. Numbers above 2^53 were already rounded by the sender.
 */
export function int64Of(value: unknown): bigint {
  if (typeof value === "number") return integerOf(value);
  if (typeof value === "string") {
    if (INTEGER.test(value)) return inRange(BigInt(value));
    const number = value.trim() === "" ? Number.NaN : Number(value);
    if (Number.isFinite(number)) return integerOf(number);
  }
  if (isObject(value) && typeof value["low"] === "number" && typeof value["high"] === "number") {
    return (BigInt(value["high"] | 0) << 32n) | BigInt(value["low"] >>> 0);
  }
  throw new JsonShapeError(
    `must be an integer (a number or a decimal string), not ${kindOf(value)}`,
  );
}

function integerOf(value: number): bigint {
  if (!Number.isFinite(value)) throw new JsonShapeError("must be a finite integer");
  return inRange(BigInt(Math.round(value)));
}

function inRange(value: bigint): bigint {
  if (value < INT64_MIN || value > UINT64_MAX) throw new JsonShapeError("does not fit in 64 bits");
  return value;
}

/** The low 32 bits of an integer: uint32, fixed32 and int32 fields. */
export function int32Of(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < TWO_32)
    return value | 0;
  return Number(BigInt.asIntN(32, int64Of(value)));
}

/**
 * A double: a number, "NaN", "Infinity", "-Infinity" or a decimal string. null is NaN: that is what
 * JSON.stringify makes of NaN and the infinities, and what OpenTelemetry JS therefore sends.
 */
export function doubleOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === null || value === "NaN") return Number.NaN;
  if (typeof value === "string" && value.trim() !== "") {
    const number = Number(value);
    if (!Number.isNaN(number)) return number;
  }
  throw new JsonShapeError(`must be a number, not ${kindOf(value)}`);
}
