import { LensError } from "@lensai/otel-config/errors";

export type Fields = Readonly<Record<string, unknown>>;

/** `where` says which file, and where in it. */
export function fileError(where: string, message: string): LensError {
  return new LensError("config.invalid", `${where}: ${message}`);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list. Throws `config.invalid` for anything else. */
export function listOf(fields: Fields, name: string, where: string): readonly Fields[] {
  const list = fields[name];
  if (Array.isArray(list) && list.every((element) => isFields(element))) return list;
  throw fileError(where, `"${name}" is no list of objects`);
}

/** A text, or undefined where it is absent or null. */
export function optionalText(fields: Fields, name: string, where: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw fileError(where, `"${name}" is ${JSON.stringify(value)}: give a text`);
}

/** A count, or undefined where it is absent or null. */
export function optionalCount(fields: Fields, name: string, where: string): bigint | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw fileError(where, `"${name}" is ${JSON.stringify(value)}: give a whole number from 0`);
}

/** The sum; unknown when a part is. */
export function sumOf(parts: readonly (bigint | undefined)[]): bigint | undefined {
  let sum = 0n;
  for (const part of parts) {
    if (part === undefined) return undefined;
    sum += part;
  }
  return sum;
}

/** Throws `config.invalid` for any currency but the US dollar: no rate is known here. */
export function requireUsd(fields: Fields, where: string): void {
  const currency = optionalText(fields, "currency", where);
  if (currency?.toUpperCase() === "USD") return;
  throw fileError(where, `the currency is ${currency ?? "not told"}: only USD can be compared`);
}
