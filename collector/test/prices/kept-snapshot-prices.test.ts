import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTROL_SNAPSHOT_FILE, parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { openEnvelope, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import { expect, test } from "vitest";
import { sha256Hex } from "../../src/control/index-snapshot.ts";
import { CONSOLE_KEY, startSnapshotServer } from "../control/snapshot-server.ts";
import type { SnapshotSections } from "../control/snapshot-server.ts";
import { testFolder } from "../landing/test-folder.ts";
import { NEVER_MS, call, landedCosts, startCollectorProcess } from "./collector-process.ts";

const KEY = { "x-api-key": "lensai_shop" };

const priceOf = (project: string, inputPrice: number) => ({
  project,
  provider: "openai",
  model: "gpt-5",
  prices: { input_mtok: inputPrice, output_mtok: 0 },
  recordedAt: "2026-11-24T00:00:00.000Z",
  recordedBy: "user:ann",
  source: "a contract",
});

const sectionsOf = (inputPrice: number): SnapshotSections => ({
  projects: [{ id: "shop", name: "Shop", content: "redacted" }],
  keys: [
    {
      id: "key_shop",
      sha256: sha256Hex(KEY["x-api-key"]),
      projectId: "shop",
      scopes: ["ingest"],
      origins: [],
      revoked: false,
    },
  ],
  prices: { formatVersion: 1, entries: [priceOf("bank", 9), priceOf("shop", inputPrice)] },
});

/** Version of the snapshot that lies on disk. */
async function keptVersion(dataDir: string): Promise<number> {
  const envelope = await readFile(join(dataDir, CONTROL_SNAPSHOT_FILE), "utf8");
  const expected = { payloadType: SNAPSHOT_PAYLOAD_TYPE, keyId: CONSOLE_KEY.keyId };
  return parseControlSnapshot(JSON.parse(openEnvelope(envelope, expected).payload)).version;
}

test("a collector that starts while the console is gone prices by what it was told last, from the first call", async () => {
  const dataDir = await testFolder();
  const console = await startSnapshotServer(sectionsOf(0.5));
  const settings = { LENSAI_CONTROL_URL: console.url, LENSAI_CONTROL_TOKEN: "control-token" };
  const first = await startCollectorProcess(dataDir, {
    ...settings,
    LENSAI_LANDING_INTERVAL_MS: NEVER_MS,
  });
  await expect.poll(() => first.versions).toHaveLength(1);
  await call(first.port, "00000000000000a1", KEY);
  console.publish(sectionsOf(0.25));
  await expect.poll(() => first.versions).toHaveLength(2);
  await expect.poll(() => keptVersion(dataDir)).toBe(2);
  await call(first.port, "00000000000000a2", KEY);
  await first.kill();
  console.stop();

  const second = await startCollectorProcess(dataDir, {
    ...settings,
    LENSAI_LANDING_INTERVAL_MS: "50",
  });
  await call(second.port, "00000000000000a3", KEY);
  const [earlier, last] = first.versions;
  const shop = { project_id: "shop" };
  await expect.poll(landedCosts(dataDir)).toMatchObject([
    { ...shop, span_id: "00000000000000a1", cost_nano_usd: 500_000_000n, price_version: earlier },
    { ...shop, span_id: "00000000000000a2", cost_nano_usd: 250_000_000n, price_version: last },
    { ...shop, span_id: "00000000000000a3", cost_nano_usd: 250_000_000n, price_version: last },
  ]);
  // Not by hearing it again: nobody answers there.
  await expect.poll(() => second.warnings.join("\n")).toContain("what is known stays in use");
  expect(second.versions).toEqual([last]);
});
