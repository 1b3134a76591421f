/** Trace and span ids (trace.proto): 16 and 8 bytes, not all zero; a span without them is invalid. */

export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is wrong with a span's ids, for the partial success; undefined when nothing is. */
export function idProblem(bytes: Uint8Array, trace: Range, span: Range): string | undefined {
  return (
    problemOf(bytes, trace, { name: "trace_id", length: TRACE_ID_BYTES }) ??
    problemOf(bytes, span, { name: "span_id", length: SPAN_ID_BYTES })
  );
}

function problemOf(
  bytes: Uint8Array,
  range: Range,
  wanted: { name: string; length: number },
): string | undefined {
  const length = range.to - range.from;
  if (length === 0) return `${wanted.name} is empty`;
  if (length !== wanted.length) {
    return `${wanted.name} has ${length} bytes, ${wanted.length} are required`;
  }
  return isZero(bytes, range) ? `${wanted.name} is all zeros` : undefined;
}

/** Is an id of the right length and not all zeros? Log records may come without one. */
export function isValidId(bytes: Uint8Array, range: Range, length: number): boolean {
  return range.to - range.from === length && !isZero(bytes, range);
}

function isZero(bytes: Uint8Array, range: Range): boolean {
  for (let i = range.from; i < range.to; i += 1) if (bytes[i] !== 0) return false;
  return true;
}
