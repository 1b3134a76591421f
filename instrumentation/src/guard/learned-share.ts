/** What bounds are taken to be true of before anything is known: as if this many tokens had been counted. */
const PRIOR_TOKENS = 256;
/** Of so many texts the next one may have as much more of its bound again as the one that had the most of it. */
const TEXTS_UNSURE = 2;
/** Fewer texts do not say how far they differ. */
const SPREAD_TEXTS_MIN = 3;
/**
 * One text of 1,000 has a share that is more than so many standard deviations above the mean, where shares have a normal
 * distribution that is known by so many texts: Student's quantile, to a tenth. 22 for three texts, 3.2 for a hundred.
 */
const deviationsOf = (texts: number): number => 3.1 + 19.3 / (texts - 2) ** 1.3;
/** The bound of a shorter text says nothing: it is rounded up, by a good part of it. */
const BOUND_TOKENS_MIN = 64;

/** How much is true of an upper bound of the tokens of texts, learned from those that a provider has counted. */
export class LearnedShare {
  #tokens = 0;
  #tokensAtMost = 0;
  #texts = 0;
  #most = 0;
  /** Of the shares, each text alike: Welford's mean, and the sum of squares around it. */
  #mean = 0;
  #squares = 0;

  /** A text was counted whose bound was known before. */
  add(tokens: number, tokensAtMost: number): void {
    this.#tokens += tokens;
    this.#tokensAtMost += tokensAtMost;
    if (Math.max(tokens, tokensAtMost) < BOUND_TOKENS_MIN || tokensAtMost === 0) return;
    const share = tokens / tokensAtMost;
    this.#texts += 1;
    this.#most = Math.max(this.#most, share);
    const fromMean = share - this.#mean;
    this.#mean += fromMean / this.#texts;
    this.#squares += fromMean * (share - this.#mean);
  }

  /** On average; 1 while nothing is known. */
  get expected(): number {
    return Math.min(1, (PRIOR_TOKENS + this.#tokens) / (PRIOR_TOKENS + this.#tokensAtMost));
  }

  /**
   * Of the next text, at most: the more texts are known, and the less they differ, the nearer it is to the most that
   * was true of one. 1 while nothing is known, and where texts have more in them than is shown.
   */
  get atMost(): number {
    const texts = this.#texts;
    if (texts === 0) return 1;
    const byCount = this.#most * (1 + TEXTS_UNSURE / texts);
    if (texts < SPREAD_TEXTS_MIN) return Math.min(1, byCount);
    const deviation = Math.sqrt((this.#squares / (texts - 1)) * (1 + 1 / texts));
    const bySpread = this.#mean + deviationsOf(texts) * deviation;
    return Math.min(1, byCount, Math.max(this.#most, bySpread));
  }

  /** What was seen counts half as much from now on. The most stays. */
  halve(): void {
    this.#tokens /= 2;
    this.#tokensAtMost /= 2;
    this.#texts /= 2;
    this.#squares /= 2;
  }
}
