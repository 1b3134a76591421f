import { openLake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { sealLake } from "@lensai/analytics/seals/seal-lake";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { expect, test } from "vitest";
import { loadLakeSeal } from "#lib/server/lake/load-lake-seal.ts";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = new Date("2026-11-23T14:05:09Z");
const [key, other] = [1, 2].map((seed) => keyPairOf(new Uint8Array(32).fill(seed)));

const sample = useSampleLake();

test("the newest seal is found, and not taken from another console", async () => {
  if (key === undefined || other === undefined) throw new Error("two keys were made");
  const { reader, lake } = sample;
  expect(await reader.newestSeal(key.keyId)).toBeUndefined();
  expect(await loadLakeSeal(reader, key.keyId)).toBeUndefined();
  await lake.land([callRow(NOW.getTime())]);
  const store = await openStore(lake.settings.url);
  await sealLake({ lake: openLake({ store, region: lake.settings.region }), key, now: NOW });
  await store.close();
  expect(await reader.newestSeal(key.keyId)).toMatchObject({ seal: { number: 1, records: 1 } });
  expect(await loadLakeSeal(reader, key.keyId)).toEqual({
    kept: expect.stringMatching(/^1:[0-9a-f]{64}$/) as string,
    sealedAtMs: NOW.getTime(),
  });
  expect(await loadLakeSeal(reader, other.keyId)).toEqual({
    problem: expect.stringContaining("it is signed by") as string,
  });
  await expect(reader.newestSeal(other.keyId)).rejects.toMatchObject({
    code: "lake.not_as_sealed",
  });
});

test("a page does not wait for a lake that is away", async () => {
  const away = { newestSeal: () => new Promise<never>(() => undefined) };
  expect(await loadLakeSeal(away, "ed25519:key", 1)).toEqual({
    problem: "no answer within 1 ms",
  });
});
