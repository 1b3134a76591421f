import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { readConsolePrices } from "../prices/console-prices.ts";
import { readPriceBook } from "../prices/merge-overrides.ts";
import { readSettings } from "./cli-context.ts";
import type { CliContext } from "./cli-context.ts";

/** The book that a collector with the same settings uses now. */
export async function loadPriceBook(context: CliContext): Promise<PriceBook> {
  const { pricesFile, dataDir } = readSettings(context);
  return readPriceBook(pricesFile, await readConsolePrices(dataDir));
}
