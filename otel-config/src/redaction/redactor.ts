import { COLON, DIGIT, TOKEN } from "./byte-class.ts";
import {
  BLOCK_BYTES,
  CandidateScan,
  MIN_TOKEN_RUN_BYTES,
  NUMERIC,
  TOKEN_RUN,
  blockKinds,
  blockOffset,
  firstBlockTouching,
} from "./candidate-scan.ts";
import { findIban } from "./iban.ts";
import { findIpv4, findIpv6, mayBeIpv6 } from "./ip-address.ts";
import { findMailAddress, findUrlCredentials } from "./mail-address.ts";
import { maskMatch } from "./mask.ts";
import { NumberGroups } from "./number-groups.ts";
import { findPaymentCard } from "./payment-card.ts";
import { findPhoneNumber } from "./phone-number.ts";
import { findPrivateKey } from "./private-key.ts";
import { RULES, RULE_IDS, ruleIndex } from "./rules.ts";
import type { RuleId } from "./rules.ts";
import { findSecret } from "./secret-token.ts";
import { findSocialSecurityNumber } from "./social-security-number.ts";
import { TextWindow, skipOpenEscape, startsWord } from "./text-window.ts";

/**
 * Masks secrets and personal data in place. Not re-entrant: `scan` prepares one buffer, `maskField` is then
 * asked for its text fields.
 */
export interface Redactor {
  /**
   * One pass over bytes[0, length): remembers, in ascending order, where some rule could match. Must be
   * called before `maskField` for that buffer; bytes outside the text fields may be anything.
   */
  scan(bytes: Uint8Array, length: number): void;
  /**
   * Masks every match inside the text field bytes[start, end) and returns how many there were. Never looks
   * at or writes to a byte outside the field. Asking in ascending order is fastest: a field without
   * candidates costs a comparison. Any order, and asking twice, is correct.
   */
  maskField(bytes: Uint8Array, start: number, end: number): number;
  /** Bytes that the detectors have examined so far: the cost of everything behind the scan. */
  readonly examinedBytes: number;
}

/** Creates a redactor with its own scratch memory (a few KB, growing with the largest message). */
export function createRedactor(rules: readonly RuleId[] = RULE_IDS): Redactor {
  return new InPlaceRedactor(new Set(rules));
}

/** Masks a string; for short texts outside the hot path. The result has the same length in UTF-8. */
export function redactText(text: string, redactor: Redactor): { text: string; count: number } {
  const bytes = new TextEncoder().encode(text);
  redactor.scan(bytes, bytes.length);
  const count = redactor.maskField(bytes, 0, bytes.length);
  return { text: count === 0 ? text : new TextDecoder().decode(bytes), count };
}

/** A match reaches at most this far back from the block that made it a candidate: a block and the unaligned lead. */
const REACH_BACK_BYTES = BLOCK_BYTES + 3;
/** `a@b.co` is the shortest text that any rule matches. */
const MIN_MATCH_BYTES = 6;
/** `1.1.1.1` is the shortest number that any rule knows. */
const MIN_NUMBER_BYTES = 7;

const LABELS = RULES.map((rule) => new TextEncoder().encode(rule.label));

const EMAIL = ruleIndex("email");
const URL_CREDENTIALS = ruleIndex("url_credentials");
const PRIVATE_KEY = ruleIndex("private_key");
const CARD = ruleIndex("card");
const SSN = ruleIndex("us_ssn");
const IP = ruleIndex("ip");
const PHONE = ruleIndex("phone");
const IBAN = ruleIndex("iban");

class InPlaceRedactor implements Redactor {
  readonly #candidates = new CandidateScan();
  readonly #window = new TextWindow();
  readonly #groups = new NumberGroups();
  readonly #enabled: readonly boolean[];
  /** No candidate touches a field that starts at or after the first and ends at or before the second. */
  #cleanFrom = 0;
  #cleanUntil = 0;
  #masked = 0;

  constructor(rules: ReadonlySet<RuleId>) {
    this.#enabled = RULE_IDS.map((id) => rules.has(id));
  }

  get examinedBytes(): number {
    return this.#window.examined;
  }

  scan(bytes: Uint8Array, length: number): void {
    this.#candidates.scan(bytes, length);
    this.#cleanFrom = 0;
    this.#cleanUntil = 0;
  }

  maskField(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < MIN_MATCH_BYTES) return 0;
    if (start >= this.#cleanFrom && end <= this.#cleanUntil) return 0;
    return this.#maskCandidates(bytes, start, end);
  }

  #maskCandidates(bytes: Uint8Array, start: number, end: number): number {
    const { atSigns, pemBegins, blocks } = this.#candidates;
    const pem = pemBegins.seek(start);
    const at = atSigns.seek(start);
    const block = blocks.seek(firstBlockTouching(start));
    this.#window.open(bytes, start, end);
    this.#masked = 0;
    // Keys first and numbers last: what is masked as part of a key is not looked at as anything else.
    if (pemBegins.valueAt(pem) < end) this.#maskPrivateKeys(pem, end);
    const hasBlocks = blockOffset(blocks.valueAt(block)) < end;
    if (hasBlocks && end - start >= MIN_TOKEN_RUN_BYTES) this.#maskTokens(block, end);
    if (atSigns.valueAt(at) < end) this.#maskAddresses(at, end);
    if (hasBlocks) {
      const masked = this.#masked;
      this.#maskNumbers(block, end);
      // A masked number may have been what kept its neighbour from ending like one.
      if (this.#masked !== masked) this.#maskNumbers(block, end);
    }
    this.#cleanFrom = end;
    this.#cleanUntil = Math.min(
      pemBegins.valueAt(pemBegins.seek(end)),
      atSigns.valueAt(atSigns.seek(end)),
      blockOffset(blocks.valueAt(blocks.seek(firstBlockTouching(end)))),
    );
    return this.#masked;
  }

  /** Masks the match in the window when its rule is on. */
  #mask(rule: number): boolean {
    if (this.#enabled[rule] !== true) return false;
    maskMatch(this.#window, LABELS[rule] as Uint8Array);
    this.#masked += 1;
    return true;
  }

  #maskPrivateKeys(first: number, end: number): void {
    const list = this.#candidates.pemBegins;
    for (let i = first, done = 0; list.valueAt(i) < end; i += 1) {
      const begin = list.valueAt(i);
      if (begin < done || !findPrivateKey(this.#window, begin)) continue;
      done = this.#window.matchEnd;
      this.#mask(PRIVATE_KEY);
    }
  }

  #maskAddresses(first: number, end: number): void {
    const w = this.#window;
    const list = this.#candidates.atSigns;
    for (let i = first, done = 0; list.valueAt(i) < end; i += 1) {
      const at = list.valueAt(i);
      // The at sign may be part of what is masked already.
      if (at < done) continue;
      if (findUrlCredentials(w, at) && this.#mask(URL_CREDENTIALS)) done = w.matchEnd;
      else if (findMailAddress(w, at) && this.#mask(EMAIL)) done = w.matchEnd;
    }
  }

  #maskTokens(first: number, end: number): void {
    const w = this.#window;
    const list = this.#candidates.blocks;
    let done = w.start;
    for (let i = first; blockOffset(list.valueAt(i)) < end; i += 1) {
      const packed = list.valueAt(i);
      if ((blockKinds(packed) & TOKEN_RUN) === 0) continue;
      const offset = blockOffset(packed);
      const until = Math.min(offset + BLOCK_BYTES, end);
      let p = Math.max(done, offset - REACH_BACK_BYTES);
      if (p > done) p = w.skipClassBack(p, done, TOKEN);
      while (p < until) p = this.#maskToken(p);
      done = Math.max(done, p);
    }
  }

  /** Looks at the run of token characters that starts at `p`; returns where to go on. */
  #maskToken(p: number): number {
    const w = this.#window;
    const runEnd = w.skipClass(p, w.end, TOKEN);
    if (runEnd === p) return p + 1;
    const rule = findSecret(w, p, runEnd);
    return rule >= 0 && this.#mask(rule) ? w.matchEnd : runEnd;
  }

  #maskNumbers(first: number, end: number): void {
    const w = this.#window;
    const list = this.#candidates.blocks;
    let done = w.start;
    let colonsDone = w.start;
    for (let i = first; blockOffset(list.valueAt(i)) < end; i += 1) {
      const packed = list.valueAt(i);
      if ((blockKinds(packed) & NUMERIC) === 0) continue;
      const offset = blockOffset(packed);
      const until = Math.min(offset + BLOCK_BYTES, end);
      let p = Math.max(done, offset - REACH_BACK_BYTES);
      if (p > done) p = w.skipClassBack(p, done, DIGIT);
      while (p < until) {
        if ((w.classAt(p) & DIGIT) !== 0) {
          p = this.#maskNumber(p);
        } else if (w.at(p) === COLON && p >= colonsDone && mayBeIpv6(w, p)) {
          const isMasked = findIpv6(w, p) && this.#mask(IP);
          colonsDone = w.matchEnd;
          p = isMasked ? w.matchEnd : p + 1;
        } else {
          p += 1;
        }
      }
      done = Math.max(done, p);
    }
  }

  /** Looks at the number whose first digit is at `p`; returns where to go on. */
  #maskNumber(p: number): number {
    const w = this.#window;
    const start = skipOpenEscape(w, p);
    if ((w.classAt(start) & DIGIT) === 0) return Math.max(start, p + 1);
    if (findIban(w, start) && this.#mask(IBAN)) return w.matchEnd;
    if (!startsWord(w, start) || !this.#groups.read(w, start))
      return w.skipClass(start, w.end, DIGIT);
    const rule = this.#numberRule();
    return rule >= 0 && this.#mask(rule) ? w.matchEnd : this.#groups.end(0);
  }

  /** The rule that the number just read matches, with the match in the window; -1 for none. */
  #numberRule(): number {
    const w = this.#window;
    const groups = this.#groups;
    if (groups.end(groups.count - 1) - groups.start(0) < MIN_NUMBER_BYTES) return -1;
    if (findIpv4(w, groups)) return IP;
    if (findPaymentCard(w, groups)) return CARD;
    if (findSocialSecurityNumber(w, groups)) return SSN;
    return findPhoneNumber(w, groups) ? PHONE : -1;
  }
}
