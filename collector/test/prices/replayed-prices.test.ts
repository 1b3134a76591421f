import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder } from "../landing/test-folder.ts";
import { NEVER_MS, call, landedCosts, startCollectorProcess } from "./collector-process.ts";

async function setPrice(dataDir: string, inputPrice: number): Promise<void> {
  const change = { prices: { input_mtok: inputPrice, output_mtok: 0 } };
  // Back-dated, as an import may be: when it was recorded does not tell when it was in use.
  const origin = { recordedAt: "2026-01-01", recordedBy: "ann", source: "contract" };
  const entries = [{ provider: "openai", model: "gpt-5", ...change, ...origin }];
  const file = join(dataDir, "prices.json");
  await writeFile(`${file}.new`, JSON.stringify({ formatVersion: 1, entries }));
  await rename(`${file}.new`, file);
}

test("a row costs what it cost when it was acknowledged, however prices change before it lands", async () => {
  const dataDir = await testFolder();
  await setPrice(dataDir, 1);
  const first = await startCollectorProcess(dataDir, { LENSAI_LANDING_INTERVAL_MS: NEVER_MS });
  await call(first.port, "00000000000000a1");
  await setPrice(dataDir, 2);
  await expect.poll(() => first.versions).toHaveLength(2);
  await call(first.port, "00000000000000a2");
  await first.kill();

  await setPrice(dataDir, 3);
  const second = await startCollectorProcess(dataDir, { LENSAI_LANDING_INTERVAL_MS: "50" });
  await call(second.port, "00000000000000a3");
  await expect.poll(landedCosts(dataDir)).toMatchObject([
    { span_id: "00000000000000a1", cost_nano_usd: 1_000_000_000n },
    {
      span_id: "00000000000000a2",
      cost_nano_usd: 2_000_000_000n,
      price_version: first.versions[1],
    },
    { span_id: "00000000000000a3", cost_nano_usd: 3_000_000_000n },
  ]);
});
