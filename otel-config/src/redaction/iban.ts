import { ALNUM, DASH, DIGIT, LETTER, LOWER_BIT, SPACE } from "./byte-class.ts";
import { characterBytes, typographicSeparator } from "./number-groups.ts";
import { endsWord, startsWord } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

/** Total length per country. Source: SWIFT IBAN registry, release 99, and the countries that use the format outside it. */
export const IBAN_LENGTHS =
  "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 " +
  "CR22 CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 " +
  "GL18 GQ27 GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 " +
  "LI21 LT20 LU20 LV21 LY25 MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 " +
  "NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 " +
  "SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

const LETTERS = 26;
const LENGTH_BY_COUNTRY = buildLengths();
const GROUP = 4;

function buildLengths(): Uint8Array {
  const table = new Uint8Array(LETTERS * LETTERS);
  for (const entry of IBAN_LENGTHS.split(" ")) {
    const slot = (entry.charCodeAt(0) - 65) * LETTERS + entry.charCodeAt(1) - 65;
    table[slot] = Number(entry.slice(2));
  }
  return table;
}

/**
 * Finds the IBAN whose check digits start at `digits` (ISO 13616): length by country and mod 97, in upper
 * or lower case, in one run or in fours with blanks or dashes.
 */
export function findIban(w: TextWindow, digits: number): boolean {
  const start = digits - 2;
  if ((w.classAt(start) & w.classAt(start + 1) & LETTER) === 0) return false;
  if ((w.classAt(digits) & w.classAt(digits + 1) & DIGIT) === 0 || !startsWord(w, start))
    return false;
  const length = LENGTH_BY_COUNTRY[letterIndex(w, start) * LETTERS + letterIndex(w, start + 1)];
  if (length === undefined || length === 0) return false;
  const end = charactersEnd(w, start, length);
  if (end < 0 || !endsWord(w, end) || remainderOf97(w, start, end) !== 1) return false;
  return w.found(start, end);
}

function letterIndex(w: TextWindow, p: number): number {
  return (w.at(p) | LOWER_BIT) - 0x61;
}

/** End of `length` letters and digits, with a blank or dash allowed after every fourth; -1 when there are fewer. */
function charactersEnd(w: TextWindow, start: number, length: number): number {
  let p = start;
  for (let count = 0; count < length; count += 1) {
    if (count > 0 && count % GROUP === 0) p += separatorBytes(w, p);
    if ((w.classAt(p) & ALNUM) === 0) return -1;
    p += 1;
  }
  return p;
}

function separatorBytes(w: TextWindow, p: number): number {
  const byte = w.at(p);
  if (byte === SPACE || byte === DASH) return 1;
  return byte >= 0x80 && typographicSeparator(w, p) !== 0 ? characterBytes(w, p) : 0;
}

/** The number that the characters spell once the first four have moved to the end, mod 97 (ISO 7064). */
function remainderOf97(w: TextWindow, start: number, end: number): number {
  let remainder = 0;
  for (let p = start + GROUP; p < end; p += 1) remainder = append(remainder, w.at(p));
  for (let p = start; p < start + GROUP; p += 1) remainder = append(remainder, w.at(p));
  w.examined += end - start;
  return remainder;
}

function append(remainder: number, byte: number): number {
  if (byte === SPACE || byte === DASH || byte >= 0x80) return remainder;
  if (byte < 0x40) return (remainder * 10 + byte - 0x30) % 97;
  return (remainder * 100 + (byte | LOWER_BIT) - 0x57) % 97;
}
