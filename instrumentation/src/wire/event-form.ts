import type { ResponseFacts } from "./response-facts.ts";
import { textTokensAtMost } from "./text-tokens.ts";

/** What may differ between two events of one form: a text that is measured, or what no fact is read from. */
export type Gap = "text" | "string" | "integer";

/** What a text has that is what it stands for, without escapes. */
// oxlint-disable-next-line no-control-regex -- JSON has no control characters in texts
const PLAIN = /[^"\\\u0000-\u001f]*/y;

/**
 * The JSON of an event, but for its texts and for what no fact is read from. Nearly all events of a stream are of the form
 * of the one before: they bring nothing but more text, and need not be parsed for that.
 */
export class EventForm {
  /** What is around the gaps: one more than there are gaps. */
  readonly #pieces: readonly string[];
  readonly #gaps: readonly Gap[];

  constructor(pieces: readonly string[], gaps: readonly Gap[]) {
    this.#pieces = pieces;
    this.#gaps = gaps;
  }

  /** Adds the texts of an event of this form to the facts; false for any other, which changes nothing. */
  addTexts(json: string, facts: ResponseFacts): boolean {
    let start = 0;
    let characters = 0;
    let tokens = 0;
    for (let index = 0; index < this.#gaps.length; index += 1) {
      const piece = this.#pieces[index] as string;
      const at = start + piece.length;
      // Texts are compared as a whole: `startsWith` goes from letter to letter.
      if (json.slice(start, at) !== piece) return false;
      const end = this.#gaps[index] === "integer" ? endOfInteger(json, at) : endOfPlain(json, at);
      if (end < 0) return false;
      if (this.#gaps[index] === "text") {
        const text = json.slice(at, end);
        characters += text.length;
        tokens += textTokensAtMost(text);
      }
      start = end;
    }
    if (json.slice(start) !== this.#pieces[this.#gaps.length]) return false;
    facts.outputCharacters += characters;
    facts.outputTokensAtMost += tokens;
    return true;
  }
}

/** In front of a quote, or of what only a parser can read: then no piece begins there. */
function endOfPlain(json: string, start: number): number {
  PLAIN.lastIndex = start;
  PLAIN.test(json);
  return PLAIN.lastIndex;
}

const INTEGER = /0|[1-9]\d{0,14}/y;

/** Below zero when there is none. */
function endOfInteger(json: string, start: number): number {
  INTEGER.lastIndex = start;
  return INTEGER.test(json) ? INTEGER.lastIndex : -1;
}
