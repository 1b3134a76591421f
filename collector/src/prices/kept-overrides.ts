import { readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { writeDurably } from "@lensai/analytics/object-store/durable-file";
import { isMissingFile } from "@lensai/analytics/object-store/file-error";
import { parsePriceFile } from "@lensai/analytics/prices/price-file";
import type { Overrides } from "@lensai/analytics/prices/price-file";
import type { PriceLayer } from "@lensai/otel-config/pricing/price-layer";

/** A log that waits for the lake rarely sees prices change at all. */
const KEPT_MAX = 32;
const EXTENSION = ".json";
/** As price-file.ts names the state of a file. */
const VERSION = /(?:^|\+)overrides@([0-9a-f]+)$/;

/**
 * Copies of the overrides that were in use lately, one `<digest>.json` each, byte for byte. What was
 * accepted under one of them is priced by it whenever it has to be decoded again, and a start that finds the file
 * itself broken goes on with the newest.
 */
export class KeptOverrides {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Keeps what is about to be in use, durably, and forgets the oldest beyond KEPT_MAX. */
  async keep({ body, layer }: Overrides): Promise<void> {
    const target = this.pathOf(layer.version);
    if (target === undefined) return;
    await mkdir(this.folder, { recursive: true });
    await writeDurably(target, body, { publish: (file) => rename(file, target) });
    const old = (await this.newestFirst()).slice(KEPT_MAX);
    await Promise.all(old.map((file) => rm(file, { force: true })));
  }

  /** The overrides kept last; undefined when there are none. Rejects when they cannot be read. */
  async newest(): Promise<Overrides | undefined> {
    const [file] = await this.newestFirst();
    return file === undefined ? undefined : read(file);
  }

  /** The overrides of a book's version; undefined when they are kept no more. Reads synchronously: only a replay asks. */
  find(bookVersion: string): PriceLayer | undefined {
    const file = this.pathOf(bookVersion);
    try {
      return file === undefined ? undefined : read(file).layer;
    } catch {
      return undefined;
    }
  }

  private pathOf(version: string): string | undefined {
    const digest = VERSION.exec(version)?.[1];
    return digest === undefined ? undefined : path.join(this.folder, `${digest}${EXTENSION}`);
  }

  private async newestFirst(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isMissingFile(error)) return [];
      throw error;
    });
    const files = names.filter((name) => name.endsWith(EXTENSION));
    const kept = await Promise.all(
      files.map(async (name) => {
        const file = path.join(this.folder, name);
        return { file, keptMs: (await stat(file)).mtimeMs };
      }),
    );
    return kept.toSorted((left, right) => right.keptMs - left.keptMs).map(({ file }) => file);
  }
}

/** Does a version of a book name overrides? */
export function hasOverrides(bookVersion: string): boolean {
  return VERSION.test(bookVersion);
}

function read(file: string): Overrides {
  const body = readFileSync(file);
  return { body, layer: parsePriceFile(body, file) };
}
