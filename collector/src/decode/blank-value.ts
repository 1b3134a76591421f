import { AnyValue, VALUE_ARRAY, VALUE_BYTES, VALUE_KVLIST, VALUE_STRING } from "./any-value.ts";
import { maskText, overwriteRange } from "./message-masking.ts";
import type { MessageMasking } from "./message-masking.ts";
import { forEachElement, readAnyValue, readKeyValue } from "./read-value.ts";

/**
 * Overwrites every text of a value that must not be kept at all (credentials in headers, command lines,
 * content of projects that store none), so that not even the write-ahead log holds it.
 */
export function blankValue(masking: MessageMasking, value: AnyValue): void {
  blank(masking, value, 0);
}

function blank(masking: MessageMasking, value: AnyValue, depth: number): void {
  if (value.kind === VALUE_STRING || value.kind === VALUE_BYTES) {
    overwriteRange(masking, value.from, value.to);
    return;
  }
  if (value.kind !== VALUE_ARRAY && value.kind !== VALUE_KVLIST) return;
  const item = new AnyValue();
  forEachElement(masking, { value, depth }, (end) => {
    if (value.kind === VALUE_KVLIST) {
      const key = readKeyValue(masking, end, item);
      maskText(masking, key.from, key.to);
    } else readAnyValue(masking, end, item);
    blank(masking, item, depth + 1);
  });
}
