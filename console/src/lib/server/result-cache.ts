/** Enough for a few people who look at a few projects and ranges. */
const ENTRIES_MAX = 128;

/**
 * Keeps answers of queries over immutable files. The caller's key must name everything an answer depends
 * on, the list of files included; such an answer never goes stale, so entries leave only to make room.
 * Callers who ask at once share one computation; a failure is not kept.
 */
export class ResultCache {
  readonly #entries = new Map<string, Promise<unknown>>();
  readonly #entriesMax: number;

  constructor(entriesMax: number = ENTRIES_MAX) {
    this.#entriesMax = entriesMax;
  }

  async get<T>(key: string, compute: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key) as Promise<T> | undefined;
    const answer = known ?? compute();
    // Re-inserted at the end: the Map's order is the order of use.
    this.#entries.delete(key);
    this.#entries.set(key, answer);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    try {
      return await answer;
    } catch (error) {
      if (this.#entries.get(key) === answer) this.#entries.delete(key);
      throw error;
    }
  }
}
