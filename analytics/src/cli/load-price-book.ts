import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { readPriceFile } from "../prices/price-file.ts";
import { readSettings } from "./cli-context.ts";
import type { CliContext } from "./cli-context.ts";

/** The book that a collector with the same settings uses now. */
export async function loadPriceBook(context: CliContext): Promise<PriceBook> {
  const overrides = await readPriceFile(readSettings(context).pricesFile);
  return createPriceBook(overrides === undefined ? [] : [overrides]);
}
