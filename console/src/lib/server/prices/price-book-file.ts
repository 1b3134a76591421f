import { stat } from "node:fs/promises";
import { isMissingFile } from "@lensai/analytics/object-store/file-error";
import { readPriceBook } from "@lensai/analytics/prices/merge-overrides";
import { LensError } from "@lensai/otel-config/errors";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { Database } from "../db/client.ts";
import { priceStatements } from "../db/schema/price-statements.ts";
import { logError } from "../log.ts";
import { recordedPrices } from "../services/prices/list.ts";

/** The book of prices as collectors have it: with the overrides of a file and of projects, which may change at any time. */
export interface PriceBookFile {
  /** Never rejects: when they cannot be read, or have problems, what was read last without one stays in use. */
  current(): Promise<PriceBook>;
}

const ABSENT = "absent";

/** Nothing is read before the first question; each question looks whether anything has changed. */
export function createPriceBookFile(path: string, db: Database): PriceBookFile {
  let book: PriceBook | undefined;
  let seen: string | undefined;
  return {
    current: async () => {
      let appearance: string | undefined;
      try {
        // Statements are only added.
        const statements = await db.$count(priceStatements);
        appearance = `${await appearanceOf(path)} ${statements}`;
        if (appearance !== seen) {
          book = await readPriceBook(path, await recordedPrices(db));
          seen = appearance;
        }
      } catch (error) {
        logError("the price overrides cannot be used", { path, error });
        if (error instanceof LensError) seen = appearance;
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
