import { VALUE_BOOL, VALUE_DOUBLE, VALUE_INT, VALUE_STRING } from "./any-value.ts";
import type { AnyValue } from "./any-value.ts";
import { wordsToNumber } from "./otlp-reader.ts";

/**
 * Reads values by what the field means, never by their wire type: JavaScript senders have no float type,
 * others send numbers and booleans as strings.
 */

/** Longer strings are no numbers. */
const NUMBER_BYTES_MAX = 32;
const decoder = new TextDecoder();

/** The number a value stands for; NaN when it stands for none. */
export function toNumber(value: AnyValue, bytes: Uint8Array): number {
  switch (value.kind) {
    case VALUE_INT:
      return wordsToNumber(value.low, value.high);
    case VALUE_DOUBLE:
      return value.double;
    case VALUE_STRING:
      return parseNumber(bytes, value.from, value.to);
    default:
      return Number.NaN;
  }
}

function parseNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > NUMBER_BYTES_MAX) return Number.NaN;
  const text = decoder.decode(bytes.subarray(from, to)).trim();
  return text === "" ? Number.NaN : Number(text);
}

/** The boolean a value stands for (`true`, "True", "1", 1); undefined when it stands for none. */
export function toBoolean(value: AnyValue, bytes: Uint8Array): boolean | undefined {
  switch (value.kind) {
    case VALUE_BOOL:
      return value.low === 1;
    case VALUE_INT:
      return value.low !== 0 || value.high !== 0;
    case VALUE_STRING: {
      const text = decoder.decode(bytes.subarray(value.from, Math.min(value.to, value.from + 8)));
      if (/^(true|1)$/i.test(text)) return true;
      return /^(false|0)$/i.test(text) ? false : undefined;
    }
    default:
      return undefined;
  }
}
