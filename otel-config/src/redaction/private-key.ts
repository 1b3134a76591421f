import { BASE64, BLANK, COLON, DASH } from "./byte-class.ts";
import { hasBytes } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const BEGIN = encode("-----BEGIN ");
const DASHES = encode("-----");
const END = encode("-----END ");
const KEY_ENDS = [encode("PRIVATE KEY"), encode("PRIVATE KEY BLOCK")];
/** `-----BEGIN ENCRYPTED PRIVATE KEY-----` and its like. */
const MAX_HEADER_BYTES = 64;
/** A block without END and without such a run of base64 is somebody explaining the format. */
const MIN_KEY_RUN_BYTES = 16;

/** Finds the PEM private key block whose BEGIN line starts at `begin`, up to its END line or as far as it goes. */
export function findPrivateKey(w: TextWindow, begin: number): boolean {
  if (!hasBytes(w, begin, BEGIN)) return false;
  const headerEnd = dashesAt(w, begin + BEGIN.length);
  if (headerEnd < 0) return false;
  const isKey = KEY_ENDS.some((label) => hasBytes(w, headerEnd - label.length, label));
  if (!isKey) return false;
  const body = headerEnd + DASHES.length;
  const bodyEnd = pemBodyEnd(w, body);
  if (hasBytes(w, bodyEnd, END)) {
    const footerEnd = dashesAt(w, bodyEnd + END.length);
    if (footerEnd >= 0) return w.found(begin, footerEnd + DASHES.length);
  }
  const lastEnd = w.skipClassBack(bodyEnd, body, BLANK);
  return hasKeyText(w, body, lastEnd) && w.found(begin, lastEnd);
}

/** Is there a run of base64 in the body of a block that was cut off? */
function hasKeyText(w: TextWindow, body: number, end: number): boolean {
  for (let p = body; p < end; p += 1) {
    const start = p;
    p = w.skipClass(p, end, BASE64);
    if (p - start >= MIN_KEY_RUN_BYTES) return true;
  }
  return false;
}

/** Offset of the five dashes that end a BEGIN or END line; -1 when they are not where they belong. */
function dashesAt(w: TextWindow, from: number): number {
  const limit = Math.min(w.end, from + MAX_HEADER_BYTES);
  let p = from;
  while (p < limit && w.at(p) !== DASH) p += 1;
  w.examined += p - from + 1;
  return hasBytes(w, p, DASHES) ? p : -1;
}

/** Base64, blanks, escapes, and the header fields of an encrypted key (RFC 1421), up to five dashes. */
function pemBodyEnd(w: TextWindow, from: number): number {
  let p = from;
  for (;;) {
    p = w.skipClass(p, w.end, BASE64 | BLANK);
    const byte = w.at(p);
    const isHeaderField =
      byte === COLON || byte === 0x2c || byte === 0x2e || byte === 0x28 || byte === 0x29;
    if (!isHeaderField && (byte !== DASH || hasBytes(w, p, DASHES))) return p;
    p += 1;
  }
}
