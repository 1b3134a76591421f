import { stat } from "node:fs/promises";
import { isMissingFile } from "@lensai/analytics/object-store/file-error";
import { readPriceFile } from "@lensai/analytics/prices/price-file";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { logError } from "../log.ts";

/** The book of prices with the overrides of a file that may change at any time. */
export interface PriceBookFile {
  /** Never rejects: with a file that has problems, what was read last without one stays in use. */
  current(): Promise<PriceBook>;
}

const ABSENT = "absent";

/** Nothing is read before the first question; each question looks whether the file is another one. */
export function createPriceBookFile(path: string): PriceBookFile {
  let book: PriceBook | undefined;
  let seen: string | undefined;
  return {
    current: async () => {
      try {
        const appearance = await appearanceOf(path);
        if (appearance !== seen) {
          seen = appearance;
          const overrides = await readPriceFile(path);
          book = createPriceBook(overrides === undefined ? [] : [overrides]);
        }
      } catch (error) {
        logError("the price overrides cannot be used", { path, error });
      }
      book ??= createPriceBook();
      return book;
    },
  };
}

/** Changes whenever the file does: replacing it gives another inode, writing into it another time or size. */
async function appearanceOf(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (isMissingFile(error)) return ABSENT;
    throw error;
  }
}
