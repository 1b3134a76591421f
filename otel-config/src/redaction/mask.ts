import { COLON, DASH, DIGIT, DOT, QUOTE, SPACE, STAR, ZERO } from "./byte-class.ts";
import type { TextWindow } from "./text-window.ts";

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Blanks and line ends between a JSON number and the punctuation around it, as deep as JSON is indented. */
const MAX_BLANKS = 64;
const JSON_BLANKS: ReadonlySet<number> = new Set([SPACE, 0x09, 0x0a, 0x0d]);

/**
 * Overwrites the window's match in place: the label when it fits, `*` for the rest. Only ASCII is written
 * and the length stays, so UTF-8, JSON and protobuf lengths stay valid. A bare number in JSON text, where
 * `*` would be a syntax error, becomes 0.000... of the same length.
 */
export function maskMatch(w: TextWindow, label: Uint8Array): void {
  const { bytes, matchStart, matchEnd } = w;
  if (isJsonNumber(w)) {
    bytes.fill(ZERO, matchStart, matchEnd);
    bytes[matchStart + 1] = DOT;
    return;
  }
  const labelEnd = matchEnd - matchStart >= label.length ? matchStart + label.length : matchStart;
  if (labelEnd > matchStart) bytes.set(label, matchStart);
  bytes.fill(STAR, labelEnd, matchEnd);
}

function isJsonNumber(w: TextWindow): boolean {
  if (w.skipClass(w.matchStart, w.matchEnd, DIGIT) !== w.matchEnd) return false;
  const opening = w.at(skipBlanks(w, w.start, 1));
  if (opening !== OPEN_BRACE && opening !== OPEN_BRACKET && opening !== QUOTE) return false;
  const after = w.at(skipBlanks(w, w.matchEnd, 1));
  if (after !== COMMA && after !== CLOSE_BRACE && after !== CLOSE_BRACKET) return false;
  const start = w.at(w.matchStart - 1) === DASH ? w.matchStart - 1 : w.matchStart;
  const before = skipBlanks(w, start - 1, -1);
  if (w.at(before) !== COLON) return w.at(before) === COMMA || w.at(before) === OPEN_BRACKET;
  return w.at(skipBlanks(w, before - 1, -1)) === QUOTE;
}

function skipBlanks(w: TextWindow, from: number, step: 1 | -1): number {
  let p = from;
  while (JSON_BLANKS.has(w.at(p)) && Math.abs(p - from) < MAX_BLANKS) p += step;
  return p;
}
