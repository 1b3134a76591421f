import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { priceDocument } from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import { parsePriceFile, readOverrides } from "./price-file.ts";
import type { Overrides } from "./price-file.ts";

/** As a layer of file and console together is called. */
const MERGED = "overrides";

/**
 * The overrides of a file and those that projects have set in the console as one layer, because one statement counts, wherever it
 * was made. What stands in both is taken once. Undefined when there are none at all. Throws `config.invalid` when both together are
 * more than a document may have.
 */
export function mergeOverrides(
  file: Overrides | undefined,
  set: readonly PriceEntry[],
): Overrides | undefined {
  if (set.length === 0) return file;
  const known = new Set(set.map((entry) => JSON.stringify(entry)));
  const others = file?.layer.entries.filter((entry) => !known.has(JSON.stringify(entry))) ?? [];
  const body = new TextEncoder().encode(JSON.stringify(priceDocument([...others, ...set])));
  return { body, layer: parsePriceFile(body, MERGED) };
}

/** The book of prices with the overrides of a file and of the console. Rejects as `readPriceFile` does. */
export async function readPriceBook(path: string, set: readonly PriceEntry[]): Promise<PriceBook> {
  const overrides = mergeOverrides(await readOverrides(path), set);
  return createPriceBook(overrides === undefined ? [] : [overrides.layer]);
}
