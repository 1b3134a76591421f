import type { BookPrices } from "./unit-prices.ts";

/**
 * One statement about a price: for whom, for what, when it holds, who says so and since when we know.
 * Entries are never changed or deleted. A correction is a later entry about the same thing, and so is the
 * end of an override (`isWithdrawn`); what was believed at any earlier moment can therefore be asked for.
 */
export interface PriceEntry {
  /** Undefined: all projects. */
  readonly projectId: string | undefined;
  /** Canonical provider name. */
  readonly provider: string;
  /**
   * A model name, or the beginning of one (then it may be empty). A name means its dated snapshots, too, as
   * long as the list has one price for all of them. Letter case does not matter.
   */
  readonly model: string;
  readonly match: "exact" | "prefix";
  /** Canonical tier. */
  readonly serviceTier: string;
  readonly change: PriceChange;
  /** When the price is true: from here (undefined: always was) */
  readonly validFrom: Date | undefined;
  /** ... to here (exclusive; undefined: no end is known). */
  readonly validUntil: Date | undefined;
  /** When we came to believe it. */
  readonly recordedAt: Date;
  readonly recordedBy: string;
  /** A URL, or where else it can be looked up ("negotiated: contract 2026-114"). */
  readonly source: string;
}

/**
 * What an entry does to the price below it: replaces the prices it names and leaves the others, multiplies
 * all prices per token (fees stay), or takes earlier entries about the same thing back.
 */
export type PriceChange =
  | { readonly kind: "prices"; readonly prices: BookPrices }
  | {
      readonly kind: "multiplier";
      /** Decimal text: "0.85" is 15 % off. */
      readonly multiplier: string;
      /** Prices per token that stay, by their name in the book. */
      readonly except: readonly string[];
    }
  | { readonly kind: "withdrawal" };

/** An ordered pile of layers lies on the list; a higher one has the last word. */
export interface PriceLayer {
  readonly name: string;
  /** Changes with every change of the entries. */
  readonly version: string;
  readonly entries: readonly PriceEntry[];
}

/** What the entries about one thing have in common: a later one of the same key replaces an earlier one. */
export function scopeKey(entry: PriceEntry): string {
  const { projectId, provider, model, match, serviceTier } = entry;
  return JSON.stringify([projectId ?? null, provider, model.toLowerCase(), match, serviceTier]);
}
