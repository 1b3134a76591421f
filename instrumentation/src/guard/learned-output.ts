import { LearnedShare } from "./learned-share.ts";

/** Models and routes that are learned about; the ones longest unheard of go first. */
const KEYS_MAX = 1_000;
/** Fewer answers say little about how long they are. */
const ANSWERS_MIN = 10;
/**
 * What a stream holds at first. It asks for more as it goes on, so this need not be the longest answer: what it
 * holds and does not use is refused to others meanwhile. Four of five answers need no more, and what they leave is
 * more than the fifth asks for, so that streams are rarely cut off for want of it.
 */
const QUANTILE = 0.8;
/** Sizes are kept by four classes per doubling, up to a billion tokens: at most 19 % too large. */
const CLASSES_PER_DOUBLING = 4;
const CLASSES = 30 * CLASSES_PER_DOUBLING;
/** Then half of what was seen counts: what a model does now matters more than what it did last month. */
const ANSWERS_MAX = 10_000;

/** An answer that came to its end: as the provider counted, and by upper bounds of its texts. */
export interface LearnedAnswer {
  readonly inputTokens: number;
  readonly inputTokensAtMost: number;
  readonly outputTokens: number;
  /** 0 where the text was not read. */
  readonly outputTokensAtMost: number;
}

interface Histogram {
  readonly counts: Uint32Array;
  total: number;
  readonly input: LearnedShare;
  /** Of streams whose text was read. */
  readonly output: LearnedShare;
}

/** How much is true of the upper bounds of a call's texts. */
export interface TextShares {
  readonly input: number;
  readonly output: number;
}

/** How long the answers of a model are on a route, learned from those that came. */
export class LearnedOutput {
  readonly #histograms = new Map<string, Histogram>();

  add(
    model: string,
    route: string | undefined,
    { inputTokens, inputTokensAtMost, outputTokens, outputTokensAtMost }: LearnedAnswer,
  ): void {
    const key = keyOf(model, route);
    const histogram = this.#histograms.get(key) ?? createHistogram();
    this.#histograms.delete(key);
    this.#histograms.set(key, histogram);
    if (this.#histograms.size > KEYS_MAX) {
      this.#histograms.delete(this.#histograms.keys().next().value as string);
    }
    const place = classOf(outputTokens);
    histogram.counts[place] = (histogram.counts[place] as number) + 1;
    histogram.total += 1;
    histogram.input.add(inputTokens, inputTokensAtMost);
    if (outputTokensAtMost > 0) histogram.output.add(outputTokens, outputTokensAtMost);
    if (histogram.total >= ANSWERS_MAX) halve(histogram);
  }

  /** Four of five answers were no longer; tokens. Undefined while too few are known. */
  quantile(model: string, route: string | undefined): number | undefined {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined || histogram.total < ANSWERS_MIN) return undefined;
    let left = histogram.total * (1 - QUANTILE);
    for (let place = CLASSES - 1; place > 0; place -= 1) {
      left -= histogram.counts[place] as number;
      if (left < 0) return Math.ceil(2 ** (place / CLASSES_PER_DOUBLING));
    }
    return 1;
  }

  /** By calls that came to their end, at most: what nobody has counted is held to this. */
  sharesAtMost(model: string, route: string | undefined): TextShares {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined) return NOTHING_KNOWN;
    return { input: histogram.input.atMost, output: histogram.output.atMost };
  }

  /** The same on average: what nobody has counted is charged by this. */
  expectedShares(model: string, route: string | undefined): TextShares {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined) return NOTHING_KNOWN;
    return { input: histogram.input.expected, output: histogram.output.expected };
  }
}

const NOTHING_KNOWN: TextShares = { input: 1, output: 1 };

function createHistogram(): Histogram {
  return {
    counts: new Uint32Array(CLASSES),
    total: 0,
    input: new LearnedShare(),
    output: new LearnedShare(),
  };
}

function keyOf(model: string, route: string | undefined): string {
  return `${model}\0${route ?? ""}`;
}

/** The class whose upper end is not below it. */
function classOf(tokens: number): number {
  const place = Math.ceil(Math.log2(Math.max(1, tokens)) * CLASSES_PER_DOUBLING);
  return Math.min(CLASSES - 1, place);
}

function halve(histogram: Histogram): void {
  histogram.total = 0;
  for (const [place, count] of histogram.counts.entries()) {
    histogram.counts[place] = count >> 1;
    histogram.total += count >> 1;
  }
  histogram.input.halve();
  histogram.output.halve();
}
