import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openLanding } from "../../src/landing/landing.ts";
import type { Landing, LandingLimits, LandingOptions } from "../../src/landing/landing.ts";
import { ingestIds } from "./ingest-ids.ts";
import { until } from "./test-folder.ts";
import { decodeIds, spanId } from "./test-rows.ts";

/** Limits that a test reaches within a few requests. */
export const SMALL: Partial<LandingLimits> = {
  segmentBytes: 64 * 1024,
  unlandedBytesMax: 1024 * 1024,
  rowsFull: 100,
  rowsMax: 200,
};

/** The landing code on `<folder>/data` and `<folder>/lake`, closed when the test ends. */
export async function startLanding(
  folder: string,
  overrides: Partial<LandingOptions> = {},
): Promise<Landing> {
  const landing = await openLanding({
    dataDir: join(folder, "data"),
    lakeUrl: join(folder, "lake"),
    store: {},
    region: "local",
    landingIntervalMs: 50,
    decode: decodeIds,
    limits: SMALL,
    ...overrides,
  });
  onTestFinished(async () => {
    await landing.close(0);
  });
  return landing;
}

export const ids = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => spanId(from + index));

/** Each id exactly once. */
export const once = (expected: readonly string[]): Map<string, number> =>
  new Map(expected.map((id) => [id, 1]));

/** Sends a request as a client does: again when it is told to come back later. */
export async function ingestWhenReady(landing: Landing, request: string[]): Promise<void> {
  await until(() =>
    ingestIds(landing, request).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code !== "ingest.storage_behind") throw error;
        return false;
      },
    ),
  );
}
