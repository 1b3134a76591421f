import { COLON, DIGIT, DOT, QUOTE, SPACE, STAR, ZERO } from "./byte-class.ts";
import type { TextWindow } from "./text-window.ts";

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Blanks between a JSON number and the punctuation around it. */
const MAX_BLANKS = 4;

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
  const opening = w.at(w.start);
  if (opening !== OPEN_BRACE && opening !== OPEN_BRACKET) return false;
  if (w.skipClass(w.matchStart, w.matchEnd, DIGIT) !== w.matchEnd) return false;
  const after = w.at(skipBlanks(w, w.matchEnd, 1));
  if (after !== COMMA && after !== CLOSE_BRACE && after !== CLOSE_BRACKET) return false;
  const before = skipBlanks(w, w.matchStart - 1, -1);
  if (w.at(before) !== COLON) return w.at(before) === COMMA || w.at(before) === OPEN_BRACKET;
  return w.at(skipBlanks(w, before - 1, -1)) === QUOTE;
}

function skipBlanks(w: TextWindow, from: number, step: 1 | -1): number {
  let p = from;
  while (w.at(p) === SPACE && Math.abs(p - from) < MAX_BLANKS) p += step;
  return p;
}
