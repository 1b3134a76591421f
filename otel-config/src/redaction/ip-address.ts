import { ALNUM, COLON, DASH, DIGIT, DOT, HEX, LETTER, SPACE, ZERO } from "./byte-class.ts";
import { MIN_NUMERIC_BYTES } from "./candidate-scan.ts";
import type { NumberGroups } from "./number-groups.ts";
import { endsWord, lowerWordBefore, startsWord } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

/** `ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff` is 39 bytes; one more shows that a run is longer. */
const MAX_IPV6_BYTES = 40;
const IPV6_GROUPS = 8;
const MAX_IPV6_GROUP_BYTES = 4;
const VERSION_WORDS = new Set(["version", "ver", "v", "release", "rev"]);

/**
 * Finds the IPv4 address that starts with group 0. Loopback (127/8), 0.0.0.0, broadcast and networks that
 * end in .0.0.0 name nobody and stay: they are what local endpoints and browser versions look like.
 */
export function findIpv4(w: TextWindow, groups: NumberGroups): boolean {
  if (groups.count < 4 || groups.separator(1) !== DOT || groups.separator(4) === DOT) return false;
  if (!groups.isEven(4)) return false;
  const start = groups.start(0);
  const end = groups.end(3);
  const first = octet(w, groups, 0);
  const second = octet(w, groups, 1);
  const third = octet(w, groups, 2);
  const fourth = octet(w, groups, 3);
  if ((first | second | third | fourth) < 0) return false;
  if (isVersion(w, start, end)) return false;
  const namesNobody = first === 127 || first === 0 || (second | third | fourth) === 0;
  const isBroadcast = (first & second & third & fourth) === 255;
  return !namesNobody && !isBroadcast && w.found(start, end);
}

/** Value 0 to 255 of a group; -1 when it is no octet. */
function octet(w: TextWindow, groups: NumberGroups, group: number): number {
  const size = groups.size(group);
  const start = groups.start(group);
  if (size > 3 || (size > 1 && w.at(start) === ZERO)) return -1;
  let value = 0;
  for (let p = start; p < start + size; p += 1) value = value * 10 + (w.at(p) & 15);
  return value > 255 ? -1 : value;
}

/** `1.2.3.4-beta`, `v1.2.3.4`, `version 1.2.3.4`, `pkg==1.2.3.4`, `.1.2.3.4` of an object identifier. */
function isVersion(w: TextWindow, start: number, end: number): boolean {
  const after = w.at(end);
  if ((w.classAt(end) & ALNUM) !== 0 || after === 0x5f) return true;
  if ((after === DASH || after === 0x2b) && (w.classAt(end + 1) & LETTER) !== 0) return true;
  const before = w.at(start - 1);
  if (before === DOT || before === DASH) return (w.classAt(start - 2) & DIGIT) !== 0;
  if (before === 0x3d) return isComparison(w.at(start - 2));
  if (before === 0x5e || before === 0x7e) return true;
  return before === SPACE && VERSION_WORDS.has(lowerWordBefore(w, start - 1, 8));
}

function isComparison(byte: number): boolean {
  return byte === 0x3d || byte === 0x3e || byte === 0x3c || byte === 0x7e || byte === 0x21;
}

/** Could the colon at `p` be part of an IPv6 address? A cheap look at its neighbours. */
export function mayBeIpv6(w: TextWindow, p: number): boolean {
  const next = w.at(p + 1);
  if (next === COLON) return true;
  return (w.classAt(p + 1) & HEX) !== 0 && (w.classAt(p - 1) & HEX) !== 0;
}

/**
 * Finds the IPv6 address around the colon at `colon`: eight groups, or fewer with one `::` (RFC 4291
 * section 2.2). It must hold a digit: `a::b`, like `a::1`, is far more often a name in code. Loopback stays.
 * On failure `matchEnd` is how far the run of hex digits and colons was read.
 */
export function findIpv6(w: TextWindow, colon: number): boolean {
  let start = colon;
  while (colon - start < MAX_IPV6_BYTES && isIpv6Byte(w, start - 1)) start -= 1;
  let end = colon + 1;
  while (end - colon < MAX_IPV6_BYTES && isIpv6Byte(w, end)) end += 1;
  w.examined += end - start + 2;
  w.found(start, end);
  const isMixed = w.at(end) === DOT && (w.classAt(end + 1) & DIGIT) !== 0;
  end = addressEnd(w, end, isMixed);
  if (!isMixed && !endsWord(w, end)) return false;
  return startsWord(w, start) && isIpv6(w, start, end) && w.found(start, end);
}

/** Of the mixed notation (RFC 4291 section 2.2 no. 3) the dotted end is left to the IPv4 rule. */
function addressEnd(w: TextWindow, runEnd: number, isMixed: boolean): number {
  const end = isMixed ? w.skipClassBack(runEnd, runEnd - MAX_IPV6_BYTES, HEX) : runEnd;
  // A single colon behind the address is punctuation.
  return w.at(end - 1) === COLON && w.at(end - 2) !== COLON ? end - 1 : end;
}

function isIpv6Byte(w: TextWindow, p: number): boolean {
  return w.at(p) === COLON || (w.classAt(p) & HEX) !== 0;
}

function isIpv6(w: TextWindow, start: number, end: number): boolean {
  let groups = 0;
  let gaps = 0;
  let p = start;
  // A gap in front has no group before it.
  if (isGapAt(w, p)) {
    gaps = 1;
    p += 2;
  }
  while (p < end) {
    const groupEnd = w.skipClass(p, Math.min(end, p + MAX_IPV6_GROUP_BYTES + 1), HEX);
    if (groupEnd === p || groupEnd - p > MAX_IPV6_GROUP_BYTES) return false;
    groups += 1;
    const isGap = isGapAt(w, groupEnd);
    if (isGap) gaps += 1;
    p = groupEnd + (isGap ? 2 : 1);
  }
  const isComplete = gaps === 0 ? groups === IPV6_GROUPS : gaps === 1 && groups < IPV6_GROUPS;
  return isComplete && namesHost(w, start, end);
}

function isGapAt(w: TextWindow, p: number): boolean {
  return w.at(p) === COLON && w.at(p + 1) === COLON;
}

/**
 * Holds a digit, and with the colons as many of them as the scan asks for; is more than `::`, `::0` or the
 * loopback `::1`.
 */
function namesHost(w: TextWindow, start: number, end: number): boolean {
  if (w.at(start) === COLON && end - start <= 3) return false;
  let digits = 0;
  let colons = 0;
  for (let p = start; p < end; p += 1) {
    if (w.at(p) === COLON) colons += 1;
    else if ((w.classAt(p) & DIGIT) !== 0) digits += 1;
  }
  return digits > 0 && digits + colons >= MIN_NUMERIC_BYTES;
}
