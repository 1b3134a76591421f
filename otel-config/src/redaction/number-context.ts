import { ALNUM, BYTE_CLASS, LETTER } from "./byte-class.ts";
import { TextWindow, lowerWordBefore, lowerWordHash } from "./text-window.ts";

/** Words further away say nothing about the number. */
const MAX_WORD_BYTES = 20;
/** `": "` and `**: ` between a word and its value. */
const MAX_GAP_BYTES = 5;
const MAX_WORDS = 4;
/** A power of two that keeps the table of known hashes sparse. */
const HASHES = 2048;

/** What stands beside numbers, by what it says of them. */
export const NUMBER_WORDS = {
  /** A number right after one of these is a phone number. */
  phoneLabels: (
    "phone phones telephone tel telefon telefono mobile mob cell cellphone landline fax handy " +
    "whatsapp sms msisdn phone_number phonenumber phone-number mobile_number hotline helpline"
  ).split(" "),
  /** The same, but only with nothing between word and number: an office may also be "at 17031 Main Street". */
  adjacentPhoneLabels: "desk office home work".split(" "),
  /** What may stand between a verb of calling and the number. */
  fillers: "at on is to me us him her them my your number no nr registered are was".split(" "),
  phoneVerbs:
    "call calls called calling phone dial text reach ring answering contact message messages sms".split(
      " ",
    ),
  phoneLabelsAfter: "office fax mobile cell home work phone tel desk".split(" "),
  card: "card cards cardnumber card_number creditcard credit_card cc pan visa maestro".split(" "),
  socialSecurity: "ssn security social_security_number socialsecuritynumber".split(" "),
} as const;

const PHONE_LABELS = new Set<string>(NUMBER_WORDS.phoneLabels);
const ADJACENT_PHONE_LABELS = new Set<string>(NUMBER_WORDS.adjacentPhoneLabels);
const FILLERS = new Set<string>(NUMBER_WORDS.fillers);
const PHONE_VERBS = new Set<string>(NUMBER_WORDS.phoneVerbs);
const LABELS_AFTER = new Set<string>(NUMBER_WORDS.phoneLabelsAfter);
const CARD_WORDS = new Set<string>(NUMBER_WORDS.card);
const SSN_WORDS = new Set<string>(NUMBER_WORDS.socialSecurity);

/** Which hashes the words above have: spares the string for nearly every other word. */
const KNOWN_HASHES = buildHashes();

function buildHashes(): Uint8Array {
  const table = new Uint8Array(HASHES);
  const w = new TextWindow();
  for (const words of Object.values(NUMBER_WORDS)) {
    for (const word of words) {
      w.bind(new TextEncoder().encode(word));
      w.open(0, word.length);
      table[lowerWordHash(w, word.length, MAX_WORD_BYTES) & (HASHES - 1)] = 1;
    }
  }
  return table;
}

/** The word that ends at `end`, in lower case, when it may be one of the words above; else "". */
function knownWordBefore(w: TextWindow, end: number, maxBytes: number): string {
  const hash = lowerWordHash(w, end, maxBytes);
  return KNOWN_HASHES[hash & (HASHES - 1)] === 0 ? "" : lowerWordBefore(w, end, maxBytes);
}

/** Is the number at `start` introduced as a phone number: `Fax: `, `call me at `, `"phone": "`? */
export function hasPhoneContext(w: TextWindow, start: number): boolean {
  let end = start;
  for (let count = 0; count < MAX_WORDS; count += 1) {
    end = wordEndBefore(w, end);
    const word = knownWordBefore(w, end, MAX_WORD_BYTES);
    if (word === "") return false;
    if (PHONE_LABELS.has(word) || (count === 0 && ADJACENT_PHONE_LABELS.has(word))) return true;
    if (count > 0 && PHONE_VERBS.has(word)) return true;
    if (!FILLERS.has(word)) return false;
    end -= word.length;
  }
  return false;
}

/** Is the number that ends at `end` labelled as a phone number behind it: ` fax`, `-Office`, `(mobile)`? */
export function hasPhoneLabelAfter(w: TextWindow, end: number): boolean {
  let start = end;
  while (start - end < 2 && isGap(w, start)) start += 1;
  if (start === end) return false;
  const wordEnd = w.skipClass(start, start + MAX_WORD_BYTES, LETTER);
  const continues = w.at(wordEnd) === 0x20 || (w.classAt(wordEnd) & ALNUM) !== 0;
  return !continues && LABELS_AFTER.has(knownWordBefore(w, wordEnd, wordEnd - start));
}

/** Could `hasPhoneLabelAfter` say yes: does a word follow a byte or two of punctuation? */
export function mayHavePhoneLabelAfter(w: TextWindow, end: number): boolean {
  if (!isGap(w, end)) return false;
  return (w.classAt(isGap(w, end + 1) ? end + 2 : end + 1) & LETTER) !== 0;
}

export function hasCardContext(w: TextWindow, start: number): boolean {
  return hasWordBefore(w, start, CARD_WORDS);
}

export function hasSocialSecurityContext(w: TextWindow, start: number): boolean {
  return hasWordBefore(w, start, SSN_WORDS);
}

/** Is one of the words among the last ones before `start`, with only fillers between? */
function hasWordBefore(w: TextWindow, start: number, words: ReadonlySet<string>): boolean {
  let end = start;
  for (let count = 0; count < MAX_WORDS; count += 1) {
    end = wordEndBefore(w, end);
    const word = knownWordBefore(w, end, MAX_WORD_BYTES);
    if (word === "") return false;
    if (words.has(word)) return true;
    if (!FILLERS.has(word)) return false;
    end -= word.length;
  }
  return false;
}

/** Walks back over blanks and punctuation (`: `, `": "`), a few bytes at most. */
function wordEndBefore(w: TextWindow, from: number): number {
  let end = from;
  while (from - end < MAX_GAP_BYTES && end > w.start && isGap(w, end - 1)) end -= 1;
  // `\n` before the number: the letter belongs to the escape.
  if (w.at(end - 2) === 0x5c && w.at(end - 1) === 0x6e) end -= 2;
  while (from - end < 2 * MAX_GAP_BYTES && end > w.start && isGap(w, end - 1)) end -= 1;
  w.examined += from - end;
  return end;
}

/** Punctuation and blanks; not the brackets of a label that a mask has left, which would be a word of its own. */
function isGap(w: TextWindow, p: number): boolean {
  const byte = w.at(p);
  if (byte === 0 || byte >= 0x80 || byte === 0x5b || byte === 0x5d || byte === 0x5f) return false;
  return ((BYTE_CLASS[byte] as number) & ALNUM) === 0;
}
