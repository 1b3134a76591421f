import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { parsePriceEntries, priceDocument } from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceEntry, PriceLayer } from "@lensai/otel-config/pricing/price-layer";
import { withFileLock } from "./file-lock.ts";
import { makeFolderDurably, writeDurably } from "../object-store/durable-file.ts";
import { fileStoreError } from "../object-store/file-error.ts";

/** Where the overrides of an installation are when no setting says otherwise, below the data folder. */
export const PRICE_FILE_NAME = "prices.json";

/** Problems named at once: more would bury the first. */
const PROBLEMS_SHOWN_MAX = 20;
const VERSION_HEX_DIGITS = 12;
/** 50,000 entries are about 20 MB. */
const FILE_BYTES_MAX = 64 << 20;

/** Overrides as they are written, and as a layer. */
export interface Overrides {
  readonly body: Uint8Array;
  readonly layer: PriceLayer;
}

/**
 * The overrides in a file, as a layer whose version changes with every byte of it; undefined when there is
 * no such file. Throws `config.invalid` with every problem of its content.
 */
export async function readPriceFile(path: string): Promise<PriceLayer | undefined> {
  return (await readOverrides(path))?.layer;
}

/** `readPriceFile` with the bytes of the file. */
export async function readOverrides(path: string): Promise<Overrides | undefined> {
  const body = await readBody(path);
  return body === undefined ? undefined : { body, layer: parsePriceFile(body, path) };
}

/** `readPriceFile` of bytes that were read before. */
export function parsePriceFile(body: Uint8Array, path: string): PriceLayer {
  if (body.length > FILE_BYTES_MAX) {
    throw invalid(path, [`it has ${body.length} bytes, at most ${FILE_BYTES_MAX} are read`]);
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw invalid(path, [`it is not JSON: ${(error as Error).message}`]);
  }
  const { entries, problems } = parsePriceEntries(document);
  if (problems.length > 0) throw invalid(path, problems);
  const digest = createHash("sha256").update(body).digest("hex").slice(0, VERSION_HEX_DIGITS);
  return { name: path, version: `overrides@${digest}`, entries };
}

/**
 * Adds entries to the file, which is made when it is not there. Entries that it has are never changed, and
 * none gets lost when several processes add at the same time. The file is replaced as a whole or not at
 * all. Throws `config.invalid` for a file that has problems already.
 */
export async function appendPriceEntries(
  path: string,
  added: readonly PriceEntry[],
): Promise<PriceLayer> {
  try {
    await makeFolderDurably(dirname(path));
    return await withFileLock(path, () => append(path, added));
  } catch (error) {
    throw fileStoreError(error, `write ${path}`);
  }
}

async function append(path: string, added: readonly PriceEntry[]): Promise<PriceLayer> {
  const layer = await readPriceFile(path);
  const entries = [...(layer?.entries ?? []), ...added];
  const text = `${JSON.stringify(priceDocument(entries), undefined, 2)}\n`;
  const body = new TextEncoder().encode(text);
  // What a later reader would refuse must not be written.
  const written = parsePriceFile(body, path);
  await writeDurably(path, body, { publish: (unfinished) => rename(unfinished, path) });
  return written;
}

async function readBody(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileStoreError(error, `read ${path}`);
  }
}

function invalid(path: string, problems: readonly string[]): LensError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `\n  - ${problem}`);
  const more = problems.length - shown.length;
  const rest = more > 0 ? `\n  - and ${more} more` : "";
  return new LensError(
    "config.invalid",
    `the price file ${path} cannot be used:${shown.join("")}${rest}`,
    { details: { problems: problems.slice(0, PROBLEMS_SHOWN_MAX) } },
  );
}
