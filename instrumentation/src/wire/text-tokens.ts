/** Sixths of a token per character: an upper bound for prose, code and numbers. */
const LOWER_CASE = 2;
const UPPER_CASE = 3;
const OTHER_ASCII = 4;
/** UTF-16 units: a letter of most scripts, half an emoji. */
const NOT_ASCII = 9;
const SIXTHS = 6;

/** A run of letters and digits that is longer than any word is Base64, hex or a key: three quarters of a token each. */
const WORD_LENGTH_MAX = 40;
const RANDOM = 4.5;

const ASCII_END = 128;
const WEIGHTS = Uint8Array.from({ length: ASCII_END }, (_, code) =>
  weightOf(String.fromCharCode(code)),
);
/** 1 for what Base64 is made of. */
const RUN_CHARACTERS = Uint8Array.from({ length: ASCII_END }, (_, code) =>
  /[\w+/=-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function weightOf(character: string): number {
  if (/[a-z ]/.test(character)) return LOWER_CASE;
  return /[A-Z]/.test(character) ? UPPER_CASE : OTHER_ASCII;
}

/** Longer texts are measured at places: 64 windows of 256 characters, spread evenly, are 16 KB. */
const WINDOWS = 64;
const WINDOW_LENGTH = 256;

/**
 * How many tokens a text is at most, whatever the tokenizer: "hello world" is 5 (in truth 2). Far cheaper than
 * counting them. Against OpenAI's tokenizers 1.3 to 2 times the count for prose, code and JSON; a few scripts
 * (Ethiopic) have more tokens than this says.
 */
export function textTokensAtMost(text: string): number {
  const { length } = text;
  if (length <= WINDOWS * WINDOW_LENGTH) return Math.ceil(sixthsOf(text, 0, length) / SIXTHS);
  let sixths = 0;
  for (let index = 0; index < WINDOWS; index += 1) {
    const from = Math.floor(((length - WINDOW_LENGTH) * index) / (WINDOWS - 1));
    sixths += sixthsOf(text, from, from + WINDOW_LENGTH);
  }
  return Math.ceil((sixths / SIXTHS) * (length / (WINDOWS * WINDOW_LENGTH)));
}

function sixthsOf(text: string, from: number, to: number): number {
  let sixths = 0;
  let run = 0;
  let runSixths = 0;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    const weight = code < ASCII_END ? (WEIGHTS[code] as number) : NOT_ASCII;
    sixths += weight;
    if (code < ASCII_END && RUN_CHARACTERS[code] === 1) {
      run += 1;
      runSixths += weight;
      continue;
    }
    if (run > WORD_LENGTH_MAX) sixths += Math.max(0, run * RANDOM - runSixths);
    run = 0;
    runSixths = 0;
  }
  return run > WORD_LENGTH_MAX ? sixths + Math.max(0, run * RANDOM - runSixths) : sixths;
}
