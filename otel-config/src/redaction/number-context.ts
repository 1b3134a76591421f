import { ALNUM, BYTE_CLASS, LETTER } from "./byte-class.ts";
import { lowerWordBefore } from "./text-window.ts";
import type { TextWindow } from "./text-window.ts";

/** Words further away say nothing about the number. */
const MAX_WORD_BYTES = 20;
/** `": "` and `**: ` between a word and its value. */
const MAX_GAP_BYTES = 5;
const MAX_WORDS = 4;

/** A number right after one of these is a phone number. */
const PHONE_LABELS = new Set(
  (
    "phone phones telephone tel telefon telefono téléphone mobile mob cell cellphone landline fax handy " +
    "whatsapp sms msisdn phone_number phonenumber phone-number mobile_number hotline helpline"
  ).split(" "),
);
/** The same, but only with nothing between word and number: an office may also be "at 17031 Main Street". */
const ADJACENT_PHONE_LABELS = new Set(["desk", "office", "home", "work"]);
/** What may stand between a verb of calling and the number. */
const FILLERS = new Set(
  "at on is to me us him her them my your number no nr registered are was".split(" "),
);
const PHONE_VERBS = new Set(
  "call calls called calling phone dial text reach ring answering contact message messages sms".split(
    " ",
  ),
);
const LABELS_AFTER = new Set("office fax mobile cell home work phone tel desk".split(" "));
const CARD_WORDS = new Set(
  "card cards cardnumber card_number creditcard credit_card cc pan visa maestro".split(" "),
);
const SSN_WORDS = new Set("ssn security social_security_number socialsecuritynumber".split(" "));

/** Is the number at `start` introduced as a phone number: `Fax: `, `call me at `, `"phone": "`? */
export function hasPhoneContext(w: TextWindow, start: number): boolean {
  let end = start;
  for (let count = 0; count < MAX_WORDS; count += 1) {
    end = wordEndBefore(w, end);
    const word = lowerWordBefore(w, end, MAX_WORD_BYTES);
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
  return !continues && LABELS_AFTER.has(lowerWordBefore(w, wordEnd, wordEnd - start));
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
    const word = lowerWordBefore(w, end, MAX_WORD_BYTES);
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
