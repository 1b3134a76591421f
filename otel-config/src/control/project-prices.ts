import { createPriceBook } from "../pricing/layered-book.ts";
import { parsePriceEntries, priceDocument } from "../pricing/parse-price-entries.ts";
import type { PriceBook } from "../pricing/price-book.ts";
import type { PriceLayer } from "../pricing/price-layer.ts";

/** Prices as a project has agreed on them, over the published ones. */
export interface ProjectPrices {
  readonly book: PriceBook;
  /** To ask the book with; undefined when all of its prices are for every project. */
  readonly projectId: string | undefined;
}

/**
 * What a policy says of prices: the overrides for the project and for all, as a price document. Undefined when
 * there are none. Nothing of another project is in it.
 */
export function projectPriceDocument(
  { entries }: Pick<PriceLayer, "entries">,
  projectId: string,
): unknown {
  const own = entries.filter((entry) => (entry.projectId ?? projectId) === projectId);
  return own.length === 0 ? undefined : priceDocument(own);
}

/** Reads it; throws TypeError naming the first problem. */
export function parseProjectPrices(document: unknown): ProjectPrices {
  const { entries, problems } = parsePriceEntries(document);
  const [problem] = problems;
  if (problem !== undefined) throw new TypeError(`policy: prices: ${problem}`);
  const projectId = entries.find((entry) => entry.projectId !== undefined)?.projectId;
  // Its version goes nowhere: what was billed says by which book the collector has priced it.
  const layer = { name: "policy", version: "policy", entries };
  return { book: createPriceBook([layer]), projectId };
}
