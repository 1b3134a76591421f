import {
  ALNUM,
  APOSTROPHE,
  BACKSLASH,
  BASE64,
  COLON,
  DIGIT,
  DOT,
  EQUALS,
  GREATER,
  LETTER,
  LOWER_BIT,
  OPEN_PAREN,
  QUOTE,
  SLASH,
  SPACE,
  TOKEN,
} from "./byte-class.ts";
import { MIN_TOKEN_RUN_BYTES } from "./candidate-scan.ts";
import { ruleIndex } from "./rules.ts";
import { PREFIXES_BY_FIRST_BYTE } from "./secret-prefixes.ts";
import type { PrefixBytes } from "./secret-prefixes.ts";
import { hasBytes, lowerWordBefore, skipOpenEscape } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const JWT_START = encode("eyJ");
/** `{"alg":""}` in base64url. */
const MIN_JWT_PART_BYTES = 10;
const ACCESS_TOKEN_START = encode("ya29.");
const SLACK_HOOK = encode("hooks.slack.com/services/");
/** Shorter runs are no candidates, so no rule here may count on them. */
const MIN_SECRET_BYTES = MIN_TOKEN_RUN_BYTES;
/** `T.../B.../...`; so that the scan, which has seen a long run end, has also seen where it starts. */
const MIN_HOOK_BYTES = 8;
/** Header, payload, signature; five parts when encrypted (RFC 7516). */
const MAX_JWT_PARTS = 4;
const MAX_SCHEME_BYTES = 7;
/** `\": \"` between a name and its value. */
const MAX_ASSIGNMENT_BYTES = 7;
const LOWER_R = 0x72;
const LOWER_C = 0x63;
/** Looking for a digit or capital letter further in would make a run of prefixes cost its square. */
const MAX_LOOK_BYTES = 64;
/** How far a value without a prefix of its own is read and masked: base64 of a 4096-bit key, and more. */
const MAX_VALUE_BYTES = 1024;
/** A value next to a name that is longer than this is no key. */
const MAX_NAMED_BYTES = 256;
const MAX_NAME_BYTES = 32;
const AWS_SECRET_BYTES = 40;

const SECRET_NAME =
  /(?:secretaccesskey|secretkey|accountkey|secret|apikey|apitoken|accesstoken|authtoken|refreshtoken|sessiontoken|password|passwd)$/;

const JWT = ruleIndex("jwt");
const GOOGLE = ruleIndex("google_key");
const SLACK = ruleIndex("slack_token");
const HTTP = ruleIndex("http_credentials");
const AWS = ruleIndex("aws_key");
const NAMED = ruleIndex("named_secret");

/**
 * Finds the first secret in [from, end), a whole run of token characters, and what belongs to it behind
 * (the other parts of a web token, the padding of base64). Returns the index of the rule, the match in the
 * window; -1 when there is none.
 */
export function findSecret(w: TextWindow, from: number, end: number): number {
  const start = Math.min(skipOpenEscape(w, from), end);
  const whole = findByContext(w, start, end);
  return whole >= 0 ? whole : findByPrefix(w, start, end);
}

function findByPrefix(w: TextWindow, start: number, end: number): number {
  let p = start;
  for (; p + MIN_SECRET_BYTES <= end; p += 1) {
    const prefixes = PREFIXES_BY_FIRST_BYTE[w.at(p)];
    if (prefixes === undefined || (p > start && (w.classAt(p - 1) & ALNUM) !== 0)) continue;
    const prefix = prefixes.find((candidate) => isPrefixOfSecret(w, p, candidate));
    if (prefix === undefined) continue;
    w.examined += p - start + 1;
    w.found(p, end);
    return ruleIndex(prefix.rule);
  }
  w.examined += p - start + 1;
  return -1;
}

function isPrefixOfSecret(w: TextWindow, p: number, prefix: PrefixBytes): boolean {
  if (!hasBytes(w, p, prefix.bytes)) return false;
  const rest = p + prefix.bytes.length;
  const seenEnd = w.skipClass(rest, rest + MAX_LOOK_BYTES, prefix.rest === "token" ? TOKEN : ALNUM);
  if (seenEnd - rest < prefix.minRest) return false;
  if (prefix.rest !== "exact") return hasDigitOrCapital(w, rest, seenEnd);
  const isExact = seenEnd - rest === prefix.minRest && (w.classAt(seenEnd) & TOKEN) === 0;
  return isExact && !hasLowerCase(w, rest, seenEnd);
}

/** Secrets that are known by what stands before them, or by their own first bytes. */
function findByContext(w: TextWindow, start: number, end: number): number {
  if (isWebToken(w, start, end)) {
    w.found(start, webTokenEnd(w, end));
    return JWT;
  }
  const before = w.at(start - 1);
  if (before === DOT && hasBytesBefore(w, start, ACCESS_TOKEN_START)) {
    if (end - start < MIN_SECRET_BYTES) return -1;
    w.found(start - ACCESS_TOKEN_START.length, end);
    return GOOGLE;
  }
  if (before === SLASH && hasBytesBefore(w, start, SLACK_HOOK)) {
    const hookEnd = valueEnd(w, start, false);
    if (hookEnd - start < MIN_HOOK_BYTES) return -1;
    w.found(start, hookEnd);
    return SLACK;
  }
  if (before === SPACE && findHttpCredentials(w, start)) return HTTP;
  return isAssignment(before) ? findNamedSecret(w, start) : -1;
}

function hasBytesBefore(w: TextWindow, start: number, expected: Uint8Array): boolean {
  return hasBytes(w, start - expected.length, expected);
}

function isWebToken(w: TextWindow, start: number, end: number): boolean {
  if (end - start < MIN_JWT_PART_BYTES || w.at(end) !== DOT || !hasBytes(w, start, JWT_START))
    return false;
  return w.skipClass(end + 1, end + 1 + MIN_JWT_PART_BYTES, TOKEN) - end > MIN_JWT_PART_BYTES;
}

/** Signature and, of an encrypted token, the other three parts included. */
function webTokenEnd(w: TextWindow, headerEnd: number): number {
  let end = headerEnd;
  for (let part = 0; part < MAX_JWT_PARTS && w.at(end) === DOT; part += 1) {
    const partEnd = w.skipClass(end + 1, w.end, TOKEN);
    // A dot without a part behind it ends a sentence; directly behind the payload it marks an unsigned token.
    if (partEnd === end + 1) return part === 1 ? partEnd : end;
    end = partEnd;
  }
  return end;
}

function findHttpCredentials(w: TextWindow, start: number): boolean {
  const last = w.at(start - 2) | LOWER_BIT;
  if (last !== LOWER_R && last !== LOWER_C) return false;
  const scheme = lowerWordBefore(w, start - 1, MAX_SCHEME_BYTES);
  if (scheme !== "bearer" && scheme !== "basic") return false;
  const end = valueEnd(w, start, scheme === "bearer");
  if (end - start < MIN_SECRET_BYTES || !hasDigitOrCapital(w, start, end)) return false;
  return w.found(start, end);
}

/** `"api_key": "..."`, `AWS_SECRET_ACCESS_KEY=...`: the name decides. */
function findNamedSecret(w: TextWindow, start: number): number {
  const end = w.skipClass(start, start + MAX_NAMED_BYTES + 1, TOKEN | BASE64);
  const size = end - start;
  if (size < MIN_SECRET_BYTES || size > MAX_NAMED_BYTES || !isValue(w, start, end)) return -1;
  let nameEnd = start;
  while (start - nameEnd < MAX_ASSIGNMENT_BYTES && isAssignment(w.at(nameEnd - 1))) nameEnd -= 1;
  const name = lowerWordBefore(w, nameEnd, MAX_NAME_BYTES).replaceAll(/[-_]/g, "");
  if (!SECRET_NAME.test(name)) return -1;
  const isAws = size === AWS_SECRET_BYTES && name.endsWith("secretaccesskey");
  w.found(start, end);
  return isAws ? AWS : NAMED;
}

/** Random characters hold letters and digits; a call or a path (`os.environ[`) is no value. */
function isValue(w: TextWindow, start: number, end: number): boolean {
  const after = w.at(end);
  if (after === DOT || after === OPEN_PAREN || after === 0x5b) return false;
  let seen = 0;
  for (let p = start; p < Math.min(end, start + MAX_LOOK_BYTES); p += 1) seen |= w.classAt(p);
  w.examined += MAX_LOOK_BYTES;
  return (seen & DIGIT) !== 0 && (seen & LETTER) !== 0;
}

function isAssignment(byte: number): boolean {
  return (
    byte === SPACE ||
    byte === QUOTE ||
    byte === APOSTROPHE ||
    byte === EQUALS ||
    byte === COLON ||
    byte === GREATER ||
    byte === BACKSLASH
  );
}

/** End of a value in base64 or base64url, with the dots and tildes of RFC 6750 when asked for. */
function valueEnd(w: TextWindow, start: number, hasDots: boolean): number {
  const limit = start + MAX_VALUE_BYTES;
  let p = start;
  for (;;) {
    p = w.skipClass(p, limit, TOKEN | BASE64);
    const byte = w.at(p);
    if (!hasDots || (byte !== DOT && byte !== 0x7e) || (w.classAt(p + 1) & TOKEN) === 0) return p;
    p += 1;
  }
}

function hasLowerCase(w: TextWindow, from: number, end: number): boolean {
  for (let p = from; p < end; p += 1) {
    const byte = w.at(p);
    if ((w.classAt(p) & ALNUM) === 0 || byte >= 0x61) return true;
  }
  return false;
}

function hasDigitOrCapital(w: TextWindow, from: number, end: number): boolean {
  const limit = Math.min(end, from + MAX_LOOK_BYTES);
  let p = from;
  while (p < limit && ((w.classAt(p) & ALNUM) === 0 || w.at(p) >= 0x61)) p += 1;
  w.examined += p - from + 1;
  return p < limit;
}
