/** What a byte can be part of. One table look-up answers every question of the detectors. */
export const DIGIT = 1;
export const LETTER = 2;
export const HEX = 4;
/** Letters, digits, `-` and `_`: the alphabet of provider keys and of base64url. */
export const TOKEN = 8;
/** Local part of a mail address as it appears in prose; bytes of non-ASCII letters included (RFC 6531). */
export const MAIL_LOCAL = 16;
/** Label of a host name; bytes of non-ASCII letters included (IDN). */
export const HOST_LABEL = 32;
/** Standard base64 with padding. */
export const BASE64 = 64;
/** Blank as PEM bodies have it, real or written as a JSON escape. */
export const BLANK = 128;

export const ALNUM = DIGIT | LETTER;

const NON_ASCII = 0x80;

export const AT_SIGN = 0x40;
export const BACKSLASH = 0x5c;
export const PERCENT = 0x25;
export const COLON = 0x3a;
export const DOT = 0x2e;
export const DASH = 0x2d;
export const PLUS = 0x2b;
export const STAR = 0x2a;
export const SLASH = 0x2f;
export const UNDERSCORE = 0x5f;
export const QUOTE = 0x22;
export const SPACE = 0x20;
export const APOSTROPHE = 0x27;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const OPEN_PAREN = 0x28;
export const CLOSE_PAREN = 0x29;
export const ZERO = 0x30;
export const LOWER_U = 0x75;
/** Or-ing it into an ASCII letter gives the lower-case letter. */
export const LOWER_BIT = 0x20;

/** Index: byte. Index 0 is class 0, so "outside the field" can be read as byte 0. */
export const BYTE_CLASS: Uint8Array = buildTable();

function buildTable(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (from: number, to: number, bits: number): void => {
    for (let byte = from; byte <= to; byte += 1) table[byte] = (table[byte] as number) | bits;
  };
  const addEach = (characters: string, bits: number): void => {
    for (const character of characters) add(character.charCodeAt(0), character.charCodeAt(0), bits);
  };
  const word = TOKEN | MAIL_LOCAL | HOST_LABEL | BASE64;
  add(0x30, 0x39, DIGIT | HEX | word);
  add(0x41, 0x5a, LETTER | word);
  add(0x61, 0x7a, LETTER | word);
  add(0x41, 0x46, HEX);
  add(0x61, 0x66, HEX);
  add(NON_ASCII, 0xff, MAIL_LOCAL | HOST_LABEL);
  addEach("-", TOKEN | MAIL_LOCAL | HOST_LABEL);
  addEach("_", TOKEN | MAIL_LOCAL);
  addEach(".%+'", MAIL_LOCAL);
  addEach("+/=", BASE64);
  addEach(" \t\r\n\\", BLANK);
  return table;
}
