/** Models and routes that are learned about; the ones longest unheard of go first. */
const KEYS_MAX = 1_000;
/** Fewer answers say little about how long they are. */
const ANSWERS_MIN = 20;
/** Of so many streams the next one may have as much more of its bound again as the one that had the most of it. */
const STREAMS_UNSURE = 2;
/** What bounds are taken to be true of before anything is known: as if this many tokens had been counted. */
const PRIOR_TOKENS = 256;
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
  /** Streams whose text was read. */
  streams: number;
  /** The most that one of them had of the bound of its text. */
  shareMax: number;
  readonly input: Share;
  readonly output: Share;
}

/** What was counted, and what it was bounded by: the sums of all. */
interface Share {
  tokens: number;
  tokensAtMost: number;
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
    addTo(histogram.input, inputTokens, inputTokensAtMost);
    if (outputTokensAtMost > 0) {
      histogram.streams += 1;
      histogram.shareMax = Math.max(histogram.shareMax, outputTokens / outputTokensAtMost);
      addTo(histogram.output, outputTokens, outputTokensAtMost);
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
   * How much of the bound of a text is true of it at most, by the streams that came to their end: a stream is held to
   * this. 1 while too few are known, and where answers have more in them than is shown.
   */
  shareOfBound(model: string, route: string | undefined): number {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined || histogram.streams === 0) return 1;
    return Math.min(1, histogram.shareMax * (1 + STREAMS_UNSURE / histogram.streams));
  }

  /** How much of the bound of a text is true of it on average; what nobody has counted is charged by this. */
  expectedShares(
    model: string,
    route: string | undefined,
  ): { readonly input: number; readonly output: number } {
    const histogram = this.#histograms.get(keyOf(model, route));
    if (histogram === undefined) return NOTHING_KNOWN;
    return { input: expectedShare(histogram.input), output: expectedShare(histogram.output) };
  }
}

const NOTHING_KNOWN = { input: 1, output: 1 };

function createHistogram(): Histogram {
  return {
    counts: new Uint32Array(CLASSES),
    total: 0,
    streams: 0,
    shareMax: 0,
    input: { tokens: 0, tokensAtMost: 0 },
    output: { tokens: 0, tokensAtMost: 0 },
  };
}

function addTo(share: Share, tokens: number, tokensAtMost: number): void {
  share.tokens += tokens;
  share.tokensAtMost += tokensAtMost;
}

function expectedShare({ tokens, tokensAtMost }: Share): number {
  return Math.min(1, (PRIOR_TOKENS + tokens) / (PRIOR_TOKENS + tokensAtMost));
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
  for (const share of [histogram.input, histogram.output]) {
    share.tokens /= 2;
    share.tokensAtMost /= 2;
  }
}
