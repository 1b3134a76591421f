import { AnyValue, VALUE_ARRAY, VALUE_BYTES, VALUE_KVLIST, VALUE_STRING } from "./any-value.ts";
import { maskText, overwriteRange, skipMasked } from "./message-masking.ts";
import type { MessageMasking } from "./message-masking.ts";
import { checkDepth, readAnyValue, readKeyValue } from "./read-value.ts";

/**
 * Overwrites every text of a value that must not be kept at all (credentials in headers, command lines,
 * content of projects that store none), so that not even the write-ahead log holds it.
 */
export function blankValue(context: MessageMasking, value: AnyValue): void {
  blank(context, value, 0);
}

function blank(context: MessageMasking, value: AnyValue, depth: number): void {
  const { reader } = context;
  if (value.kind === VALUE_STRING || value.kind === VALUE_BYTES) {
    overwriteRange(context, value.from, value.to);
    return;
  }
  if (value.kind !== VALUE_ARRAY && value.kind !== VALUE_KVLIST) return;
  checkDepth(depth, value.from);
  const after = reader.at;
  const end = value.to;
  const isObject = value.kind === VALUE_KVLIST;
  reader.at = value.from;
  const item = new AnyValue();
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag !== 0x0a) {
      skipMasked(context, tag, end);
      continue;
    }
    const itemEnd = reader.lengthEnd(end);
    if (isObject) {
      const key = readKeyValue(context, itemEnd, item);
      maskText(context, key.from, key.to);
    } else readAnyValue(context, itemEnd, item);
    blank(context, item, depth + 1);
  }
  reader.at = after;
}
