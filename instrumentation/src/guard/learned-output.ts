/** Models and routes that are learned about; the ones longest unheard of go first. */
const KEYS_MAX = 1_000;
/** Fewer answers say little about how long they are. */
const ANSWERS_MIN = 20;
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

/** An answer that came to its end. */
export interface LearnedAnswer {
  /** As the provider counted. */
  readonly outputTokens: number;
  /** By its text: an upper bound. 0 where the text was not read. */
  readonly tokensAtMost: number;
}

interface Histogram {
  readonly counts: Uint32Array;
  total: number;
  /** Streams whose text was read. */
  streams: number;
  /** The most that one of them had of the bound of its text. */
  shareMax: number;
}

/** How long the answers of a model are on a route, learned from those that came. */
export class LearnedOutput {
  readonly #histograms = new Map<string, Histogram>();

  add(
    model: string,
    route: string | undefined,
    { outputTokens, tokensAtMost }: LearnedAnswer,
  ): void {
    const key = keyOf(model, route);
    const known = this.#histograms.get(key);
    const histogram = known ?? {
      counts: new Uint32Array(CLASSES),
      total: 0,
      streams: 0,
      shareMax: 0,
    };
    this.#histograms.delete(key);
    this.#histograms.set(key, histogram);
    if (this.#histograms.size > KEYS_MAX) {
      this.#histograms.delete(this.#histograms.keys().next().value as string);
    }
    const place = classOf(outputTokens);
    histogram.counts[place] = (histogram.counts[place] as number) + 1;
    histogram.total += 1;
    if (tokensAtMost > 0) {
      histogram.streams += 1;
      histogram.shareMax = Math.max(histogram.shareMax, outputTokens / tokensAtMost);
    }
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

  /**
   * How much of the bound of a text is true of it at most, by the streams that came to their end: what is left
   * before that is charged by this. 1 while too few are known, and where answers have more in them than is shown.
   */
  shareOfBound(model: string, route: string | undefined): number {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined || histogram.streams < ANSWERS_MIN) return 1;
    return Math.min(1, histogram.shareMax);
  }
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
}
