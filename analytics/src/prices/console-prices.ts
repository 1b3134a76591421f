import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTROL_SNAPSHOT_FILE, parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { LensError } from "@lensai/otel-config/errors";
import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import { openEnvelope, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import { isMissingFile } from "../object-store/file-error.ts";

/**
 * What projects have set in the console, as the collector of a data folder was told last; none where there is no
 * collector. Throws `config.invalid` when its copy cannot be read.
 */
export async function readConsolePrices(dataDir: string): Promise<readonly PriceEntry[]> {
  const path = join(dataDir, CONTROL_SNAPSHOT_FILE);
  try {
    const text = await readFile(path, "utf8");
    const expected = { payloadType: SNAPSHOT_PAYLOAD_TYPE, keyId: undefined };
    const { prices } = parseControlSnapshot(JSON.parse(openEnvelope(text, expected).payload));
    if (prices === undefined) return [];
    const { entries, problems } = parsePriceEntries(prices);
    if (problems.length > 0) throw new TypeError(`prices: ${problems[0]}`);
    return entries;
  } catch (error) {
    if (isMissingFile(error)) return [];
    const { message } = error as Error;
    throw new LensError(
      "config.invalid",
      `the collector's copy of the control snapshot, ${path}, cannot be read: ${message}`,
    );
  }
}
