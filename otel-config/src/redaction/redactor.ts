import {
  ALNUM,
  BACKSLASH,
  BYTE_CLASS,
  COLON,
  DIGIT,
  PERCENT,
  TOKEN,
  UNDERSCORE,
} from "./byte-class.ts";
import {
  BLOCK_BYTES,
  CandidateScan,
  NUMERIC,
  TOKEN_RUN,
  blockKinds,
  blockOffset,
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
import {
  ADDRESSES,
  NUMBERS,
  PRIVATE_KEYS,
  SHORT_FIELD_BYTES,
  TOKENS,
  shortFieldKinds,
} from "./short-field.ts";
import { findSocialSecurityNumber } from "./social-security-number.ts";
import { TextWindow, skipOpenEscape, startsWord } from "./text-window.ts";

/**
 * Masks secrets and personal data in place. Not re-entrant: `open` binds a message, `maskField` is then
 * asked for its text fields.
 */
export interface Redactor {
  /** Binds the redactor to a message, and costs next to nothing. */
  open(bytes: Uint8Array): void;
  /**
   * Masks every match inside the text field [start, end) of the message and returns how many there were.
   * Never looks at or writes to a byte outside the field. Any order, and asking twice, is correct.
   */
  maskField(start: number, end: number): number;
  /** Bytes that have been examined one by one so far: the cost of everything behind the first look. */
  readonly examinedBytes: number;
}

/** Creates a redactor with its own scratch memory (a few KB, growing with the largest field). */
export function createRedactor(rules: readonly RuleId[] = RULE_IDS): Redactor {
  return new InPlaceRedactor(new Set(rules));
}

/** Masks a string; for short texts outside the hot path. The result has the same length in UTF-8. */
export function redactText(text: string, redactor: Redactor): { text: string; count: number } {
  const bytes = new TextEncoder().encode(text);
  redactor.open(bytes);
  const count = redactor.maskField(0, bytes.length);
  return { text: count === 0 ? text : new TextDecoder().decode(bytes), count };
}

/** A match reaches at most this far back from the block that made it a candidate. */
const REACH_BACK_BYTES = BLOCK_BYTES + 3;
/** `a@b.co` is the shortest text that any rule matches. */
const MIN_MATCH_BYTES = 6;
/** But for IP addresses, the shortest number is a local phone number. */
const MIN_NUMBER_DIGITS = 7;

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
  /** How far the current round of a field has come; `#colonsDone` for IPv6 addresses. */
  #done = 0;
  #colonsDone = 0;
  #masked = 0;

  constructor(rules: ReadonlySet<RuleId>) {
    this.#enabled = RULE_IDS.map((id) => rules.has(id));
  }

  get examinedBytes(): number {
    return this.#window.examined;
  }

  open(bytes: Uint8Array): void {
    this.#window.bind(bytes);
  }

  maskField(start: number, end: number): number {
    const size = end - start;
    if (size < MIN_MATCH_BYTES) return 0;
    const w = this.#window;
    w.open(start, end);
    if (size > SHORT_FIELD_BYTES) return this.#maskLong();
    const kinds = shortFieldKinds(w);
    return kinds === 0 ? 0 : this.#maskShort(kinds);
  }

  /** Keys first and numbers last: what is masked as part of a key is not looked at as anything else. */
  #maskShort(kinds: number): number {
    const { start, end } = this.#window;
    this.#masked = 0;
    if ((kinds & (PRIVATE_KEYS | ADDRESSES)) !== 0) this.#candidates.scanShort(this.#window);
    if ((kinds & PRIVATE_KEYS) !== 0) this.#maskPrivateKeys();
    if ((kinds & TOKENS) !== 0) {
      this.#restart();
      this.#maskTokens(start, end);
    }
    if ((kinds & ADDRESSES) !== 0) this.#maskAddresses();
    // What is masked by now may have been what kept its neighbour from ending like a number.
    if ((kinds & NUMBERS) !== 0 || this.#masked > 0) this.#maskShortNumbers();
    return this.#masked;
  }

  #maskShortNumbers(): void {
    const { start, end } = this.#window;
    const masked = this.#masked;
    this.#restart();
    this.#maskNumbers(start, end);
    if (this.#masked === masked) return;
    this.#restart();
    this.#maskNumbers(start, end);
  }

  #maskLong(): number {
    this.#candidates.scan(this.#window);
    this.#masked = 0;
    this.#maskPrivateKeys();
    this.#maskBlocks(TOKEN_RUN);
    this.#maskAddresses();
    const masked = this.#masked;
    this.#maskBlocks(NUMERIC);
    // A masked number may have been what kept its neighbour from ending like one.
    if (this.#masked !== masked) this.#maskBlocks(NUMERIC);
    return this.#masked;
  }

  /** Masks the match in the window when its rule is on. */
  #mask(rule: number): boolean {
    if (this.#enabled[rule] !== true) return false;
    maskMatch(this.#window, LABELS[rule] as Uint8Array);
    this.#groups.clear();
    this.#masked += 1;
    return true;
  }

  #maskPrivateKeys(): void {
    const { pemBegins } = this.#candidates;
    for (let i = 0, done = 0; i < pemBegins.count; i += 1) {
      const begin = pemBegins.valueAt(i);
      if (begin < done || !findPrivateKey(this.#window, begin)) continue;
      done = this.#window.matchEnd;
      this.#mask(PRIVATE_KEY);
    }
  }

  #maskAddresses(): void {
    const w = this.#window;
    const { atSigns } = this.#candidates;
    for (let i = 0, done = 0; i < atSigns.count; i += 1) {
      const at = atSigns.valueAt(i);
      // The at sign may be part of what is masked already.
      if (at < done) continue;
      if (findUrlCredentials(w, at) && this.#mask(URL_CREDENTIALS)) done = w.matchEnd;
      else if (findMailAddress(w, at) && this.#mask(EMAIL)) done = w.matchEnd;
    }
  }

  /** Looks for secrets or for numbers at the candidate blocks of that kind. */
  #maskBlocks(kind: number): void {
    const { start, end } = this.#window;
    const { blocks } = this.#candidates;
    this.#restart();
    for (let i = 0; i < blocks.count; i += 1) {
      const packed = blocks.valueAt(i);
      if ((blockKinds(packed) & kind) === 0) continue;
      const offset = blockOffset(packed);
      const from = Math.max(start, offset - REACH_BACK_BYTES);
      const until = Math.min(offset + BLOCK_BYTES, end);
      if (kind === NUMERIC) this.#maskNumbers(from, until);
      else this.#maskTokens(from, until);
    }
  }

  #restart(): void {
    const { start } = this.#window;
    this.#done = start;
    this.#colonsDone = start;
    this.#groups.clear();
  }

  /** Masks secrets whose run of token characters reaches into [from, until); asked in ascending order. */
  #maskTokens(from: number, until: number): void {
    const w = this.#window;
    const done = this.#done;
    let p = from > done ? w.skipClassBack(from, done, TOKEN) : done;
    while (p < until) p = this.#maskToken(p);
    this.#done = p;
  }

  /** Looks at the run of token characters that starts at `p`; returns where to go on. */
  #maskToken(p: number): number {
    const w = this.#window;
    const runEnd = w.skipClass(p, w.end, TOKEN);
    if (runEnd === p) return p + 1;
    const rule = findSecret(w, p, runEnd);
    return rule >= 0 && this.#mask(rule) ? w.matchEnd : runEnd;
  }

  /** Masks numbers that start in [from, until) or in a row of digits that does; asked in ascending order. */
  #maskNumbers(from: number, until: number): void {
    const w = this.#window;
    const done = this.#done;
    let p = from > done ? w.skipClassBack(from, done, DIGIT) : done;
    while (p < until) {
      if ((w.classAt(p) & DIGIT) !== 0) {
        p = this.#maskNumber(p);
      } else if (w.at(p) === COLON && p >= this.#colonsDone && mayBeIpv6(w, p)) {
        const isMasked = findIpv6(w, p) && this.#mask(IP);
        this.#colonsDone = w.matchEnd;
        p = isMasked ? w.matchEnd : p + 1;
      } else {
        p += 1;
      }
    }
    this.#done = p;
  }

  /** Looks at the number whose first digit is at `p`; returns where to go on. */
  #maskNumber(p: number): number {
    const w = this.#window;
    const groups = this.#groups;
    let start = p;
    // Behind a blank or punctuation no escape is open and no word goes on.
    if (!isApart(w.at(p - 1))) {
      start = skipOpenEscape(w, p);
      if ((w.classAt(start) & DIGIT) === 0) return Math.max(start, p + 1);
      if (findIban(w, start) && this.#mask(IBAN)) return w.matchEnd;
      if (!startsWord(w, start)) return w.skipClass(start, w.end, DIGIT);
    }
    if (!groups.readFrom(w, start)) return w.skipClass(start, w.end, DIGIT);
    const rule = this.#numberRule();
    return rule >= 0 && this.#mask(rule) ? w.matchEnd : groups.end(0);
  }

  /** The rule that the number just read matches, with the match in the window; -1 for none. */
  #numberRule(): number {
    const w = this.#window;
    const groups = this.#groups;
    if (findIpv4(w, groups)) return IP;
    if (groups.total < MIN_NUMBER_DIGITS) return -1;
    if (findPaymentCard(w, groups)) return CARD;
    if (findSocialSecurityNumber(w, groups)) return SSN;
    return findPhoneNumber(w, groups) ? PHONE : -1;
  }
}

function isApart(byte: number): boolean {
  return (
    ((BYTE_CLASS[byte] as number) & ALNUM) === 0 &&
    byte !== UNDERSCORE &&
    byte !== PERCENT &&
    byte !== BACKSLASH
  );
}
