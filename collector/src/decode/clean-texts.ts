import { TextInterner } from "./text-interner.ts";

/** How much a key's values must repeat before remembering them pays: hits add one, misses take two away. */
const SCORE_FIRST = 16;
const SCORE_MAX = 64;

/** Does a key's text repeat? Ids do not, models and hosts do. */
export interface RepeatScore {
  score: number;
}

export function newRepeatScore(): RepeatScore {
  return { score: SCORE_FIRST };
}

/**
 * Short texts in which nothing had to be masked. Whether a text is masked depends on its bytes alone, so a
 * text found clean once is clean wherever it stands, and looking it up is cheaper than looking at it.
 */
export class CleanTexts {
  private readonly texts = new TextInterner();
  private generation = 0;
  private clean = new Uint8Array(256);

  /** The id of a text, for `isClean` and `remember`; keeps the key's score. */
  lookUp(source: DataView, from: number, to: number): number {
    const id = this.texts.intern(source, from, to);
    if (this.generation !== this.texts.generation) {
      this.generation = this.texts.generation;
      this.clean.fill(0);
    }
    if (id >= this.clean.length) {
      const grown = new Uint8Array(this.clean.length * 2);
      grown.set(this.clean);
      this.clean = grown;
    }
    return id;
  }

  isClean(id: number, repeat: RepeatScore): boolean {
    const isHit = this.clean[id] === 1;
    repeat.score = isHit ? Math.min(SCORE_MAX, repeat.score + 1) : repeat.score - 2;
    return isHit;
  }

  remember(id: number): void {
    this.clean[id] = 1;
  }
}
