import {
  ALNUM,
  AT_SIGN,
  BACKSLASH,
  BYTE_CLASS,
  COLON,
  DASH,
  DIGIT,
  DOT,
  HEX,
  HOST_LABEL,
  LETTER,
  LOWER_BIT,
  MAIL_LOCAL,
  OPEN_PAREN,
  PERCENT,
  PLUS,
  SLASH,
  STAR,
  UNDERSCORE,
} from "./byte-class.ts";
import { escapedCode, hasBytes, percentEscapeAt, unicodeEscapeAt } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

/** RFC 5321 section 4.5.3.1.1; a longer run is masked by its last 64 bytes, which no longer is an address. */
const MAX_LOCAL_BYTES = 64;
/** RFC 1035 section 2.3.4. */
const MAX_HOST_BYTES = 253;
const MAX_USER_INFO_BYTES = 256;
/** A user without a password in a URL is a credential only when it is as long as a key. */
const MIN_BARE_USER_INFO_BYTES = 16;

const MIN_TOP_LEVEL_LETTERS = 2;
const NON_ASCII = 0x80;
const OPEN_BRACKET = 0x5b;
const AUTHORITY = new TextEncoder().encode("://");
const GIT_USER = new TextEncoder().encode("git");
const PUNYCODE = new TextEncoder().encode("xn--");
/** What ends the part of a URL in which user and password stand. */
const NOT_USER_INFO = new Set(Array.from(" \t\r\n\"'<>\\(){}$,;/@`", (c) => c.charCodeAt(0)));

/** Bytes of the at sign itself: `@`, or written as `%40` or `\u0040`. */
export function atSignWidth(w: TextWindow, at: number): number {
  const byte = w.at(at);
  if (byte === AT_SIGN) return 1;
  return byte === PERCENT ? 3 : 6;
}

/** Finds the mail address around the at sign at `at`. */
export function findMailAddress(w: TextWindow, at: number): boolean {
  const hostStart = at + atSignWidth(w, at);
  const end = hostEnd(w, hostStart);
  if (end < 0 || w.at(end) === OPEN_PAREN || isNotHost(w, hostStart)) return false;
  const start = localStart(w, at);
  if (start >= at || isGitRemote(w, start, end)) return false;
  return w.found(start, end);
}

/** Finds `user:password` (or a key as the user) before the at sign of a URL. */
export function findUrlCredentials(w: TextWindow, at: number): boolean {
  if (w.at(at) !== AT_SIGN || w.at(at - 1) === STAR || !startsHost(w, at + 1)) return false;
  const least = Math.max(w.start, at - MAX_USER_INFO_BYTES);
  let start = at;
  let hasPassword = false;
  while (start > least && !NOT_USER_INFO.has(w.at(start - 1))) {
    start -= 1;
    if (w.at(start) === COLON) hasPassword = true;
  }
  w.examined += at - start + 1;
  const isCredential = hasPassword || at - start >= MIN_BARE_USER_INFO_BYTES;
  return isCredential && hasBytes(w, start - 3, AUTHORITY) && w.found(start, lastAtSign(w, at));
}

/** A name, or the first group of an IPv6 literal; a label left by a mask also starts with a bracket. */
function startsHost(w: TextWindow, p: number): boolean {
  if (w.at(p) !== OPEN_BRACKET) return (w.classAt(p) & HOST_LABEL) !== 0;
  return w.at(w.skipClass(p + 1, p + 6, HEX)) === COLON;
}

/** A password may hold an at sign itself: the last one before the path separates it from the host. */
function lastAtSign(w: TextWindow, at: number): number {
  const limit = Math.min(w.end, at + MAX_LOCAL_BYTES);
  let last = at;
  for (let p = at + 1; p < limit; p += 1) {
    const byte = w.at(p);
    if (byte === AT_SIGN) last = p;
    else if (NOT_USER_INFO.has(byte)) break;
  }
  w.examined += limit - at;
  return last;
}

/** End of the longest host name at `from` whose last label is a top-level domain; -1 when there is none. */
function hostEnd(w: TextWindow, from: number): number {
  const limit = from + MAX_HOST_BYTES;
  let end = -1;
  let labelStart = from;
  for (;;) {
    const labelEnd = w.skipClass(labelStart, limit, HOST_LABEL);
    if (labelEnd === labelStart) return end;
    if (labelStart !== from) {
      const top = topLevelEnd(w, labelStart, labelEnd);
      if (top >= 0) end = top;
    }
    if (w.at(labelEnd) !== DOT) return end;
    labelStart = labelEnd + 1;
  }
}

/** Two letters or more, ASCII or not but never mixed: text in another script may follow without a blank. */
function topLevelEnd(w: TextWindow, from: number, labelEnd: number): number {
  if (hasBytes(w, from, PUNYCODE)) return labelEnd;
  if (w.at(from) >= NON_ASCII) {
    let p = from;
    while (p < labelEnd && w.at(p) >= NON_ASCII) p += 1;
    return p - from >= 2 * MIN_TOP_LEVEL_LETTERS ? p : -1;
  }
  const end = w.skipClass(from, labelEnd, LETTER);
  if (end - from < MIN_TOP_LEVEL_LETTERS) return -1;
  return (w.classAt(end) & DIGIT) === 0 && w.at(end) !== UNDERSCORE ? end : -1;
}

/** `pkg@1.2.3-rc.one` (a version) and `icon@2x.png` (a pixel density) are not hosts. */
function isNotHost(w: TextWindow, hostStart: number): boolean {
  if ((w.classAt(hostStart) & DIGIT) === 0) return false;
  const second = w.at(hostStart + 1);
  if ((second | LOWER_BIT) === 0x78 && w.at(hostStart + 2) === DOT) return true;
  const firstDot = w.skipClass(hostStart, hostStart + 8, DIGIT);
  return w.at(firstDot) === DOT && (w.classAt(firstDot + 1) & DIGIT) !== 0;
}

/** `git@github.com:org/repo.git` names a repository, not a person. */
function isGitRemote(w: TextWindow, start: number, end: number): boolean {
  const isGitUser = hasBytes(w, start, GIT_USER) && (w.classAt(start + 3) & MAIL_LOCAL) === 0;
  return isGitUser && (w.at(end) === COLON || w.at(end) === SLASH);
}

function localStart(w: TextWindow, at: number): number {
  const least = Math.max(w.start, at - MAX_LOCAL_BYTES);
  const start = skipForeignEscapes(w, rawLocalStart(w, at, least), at);
  return trimLocal(w, start, at);
}

/** Walks back over the local part and over JSON escapes of letters in it. */
function rawLocalStart(w: TextWindow, at: number, least: number): number {
  let from = at;
  while (from > least) {
    from = w.skipClassBack(from, least, MAIL_LOCAL);
    if (w.at(from - 1) !== BACKSLASH || from - 1 < least) return from;
    if (!unicodeEscapeAt(w, from - 1)) return isEscapeLetter(w.at(from)) ? from + 1 : from;
    if (!isLocalCode(escapedCode(w, from - 1))) return from + 5;
    // Every backslash goes: half of an escaped backslash would break the JSON around it.
    while (from > w.start && w.at(from - 1) === BACKSLASH) from -= 1;
  }
  return from;
}

function isEscapeLetter(byte: number): boolean {
  return byte === 0x6e || byte === 0x74 || byte === 0x72 || byte === 0x62 || byte === 0x66;
}

function isLocalCode(code: number): boolean {
  return code >= 0x80 || ((BYTE_CLASS[code] as number) & MAIL_LOCAL) !== 0;
}

/** `q%3Dalice%40example.com`: the name starts after the last escape that no name can hold. */
function skipForeignEscapes(w: TextWindow, from: number, at: number): number {
  let start = from;
  for (let p = from; p < at; p += 1) {
    if (w.at(p) !== PERCENT || !percentEscapeAt(w, p)) continue;
    if (!isLocalCode(escapedCode(w, p))) start = p + 3;
    p += 2;
  }
  w.examined += at - from + 1;
  return Math.min(start, at);
}

/** Drops quotes and dots in front, and text of another script that runs into an ASCII name. */
function trimLocal(w: TextWindow, from: number, at: number): number {
  let start = from;
  let sawAscii = false;
  for (let p = at - 1; p >= from; p -= 1) {
    const byte = w.at(p);
    if (byte < 0x80) {
      sawAscii ||= (w.classAt(p) & ALNUM) !== 0;
    } else if ((byte & 0xc0) !== 0x80 && isForeign(w, p, sawAscii)) {
      start = p + 1;
      while ((w.at(start) & 0xc0) === 0x80) start += 1;
      break;
    }
  }
  while (start < at && isNoLocalStart(w.at(start))) start += 1;
  return start;
}

/**
 * Latin, Greek and Cyrillic letters (lead bytes 0xC3 to 0xD4) are part of a name that also has ASCII
 * letters; other scripts only when the whole name is in them; punctuation never is.
 */
function isForeign(w: TextWindow, p: number, sawAscii: boolean): boolean {
  const lead = w.at(p);
  const next = w.at(p + 1);
  if (lead === 0xc2) return true;
  if ((lead === 0xe2 && next <= 0x81) || (lead === 0xe3 && next === 0x80)) return true;
  if (lead === 0xef && next >= 0xbc) return true;
  return sawAscii && lead > 0xd4;
}

/** Continuation bytes stand in front only where the length limit has cut a character. */
function isNoLocalStart(byte: number): boolean {
  return byte === DOT || byte === 0x27 || byte === DASH || byte === PLUS || (byte & 0xc0) === 0x80;
}
