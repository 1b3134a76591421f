/** What the fake provider answers to a call, decided by words in braces anywhere in the request. */

interface Counts {
  /** Input neither read from nor written to a cache. */
  readonly uncached: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Input that the provider's own tools put into the prompt. */
  readonly toolUse: number;
  /** Output that is text; reasoning comes on top. */
  readonly text: number;
  readonly reasoning: number;
}

export interface Answer {
  readonly number: number;
  readonly counts: Counts;
  readonly text: string;
  readonly toolCall: boolean;
  /** Instead of an answer. */
  readonly failure: 429 | 500 | undefined;
  /** The connection is closed in the middle of a stream. */
  readonly isCut: boolean;
  /** Between two chunks of a stream. */
  readonly pauseMs: number;
}

const PAUSE_MS = 8;
/** Long enough for a client to leave after the first chunk. */
const SLOW_PAUSE_MS = 120;
/** Two calls with these are equal to the token: only who they are tells them apart. */
const SMALL: Counts = {
  uncached: 12,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  toolUse: 0,
  text: 5,
  reasoning: 0,
};

/** `refused` counts the refusals of the same words so far: what is to be retried is refused only once. */
export function answerTo(words: string, number: number, refused: number): Answer {
  const has = (word: string): boolean => words.includes(`{${word}}`);
  return {
    number,
    counts: has("small") ? SMALL : countsOf(number, has),
    text: TEXT,
    toolCall: has("tool") && !words.includes(TOOL_RESULT),
    failure: failureOf(has, refused),
    isCut: has("cut"),
    pauseMs: has("slow") ? SLOW_PAUSE_MS : PAUSE_MS,
  };
}

/** Every call has counts of its own, so that a row can be told from every other. */
function countsOf(number: number, has: (word: string) => boolean): Counts {
  const only = (word: string, count: number): number => (has(word) ? count : 0);
  return {
    uncached: 300 + 13 * number,
    cacheRead: only("cached", 1024 + 3 * number),
    cacheWrite5m: only("cached", 200 + number),
    cacheWrite1h: only("1h", 110 + number),
    toolUse: only("grounded", 500 + 11 * number),
    text: 60 + 7 * number,
    reasoning: only("reasoning", 30 + number),
  };
}

function failureOf(has: (word: string) => boolean, refused: number): 429 | 500 | undefined {
  if (has("failing")) return 500;
  return has("retried") && refused === 0 ? 429 : undefined;
}

const TEXT = "It will be sunny in the morning, and rain in the evening.";
/** What the tool answers: a request that holds it wants words, not another call of the tool. */
const TOOL_RESULT = "18 degrees and sunny";
export const TOOL_NAME = "get_weather";

/** The text in pieces of a few words, as streams bring it. */
export function piecesOf(text: string): string[] {
  return text.match(/(?:\S+\s*){1,3}/g) ?? [];
}
