import { openLake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { sealLake } from "@lensai/analytics/seals/seal-lake";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { expect, test } from "vitest";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = new Date("2026-11-23T14:05:09Z");
const [key, other] = [1, 2].map((seed) => keyPairOf(new Uint8Array(32).fill(seed)));

const sample = useSampleLake();

test("the newest seal is found, and not taken from another console", async () => {
  if (key === undefined || other === undefined) throw new Error("two keys were made");
  const { reader, lake } = sample;
  expect(await reader.newestSeal(key.keyId)).toBeUndefined();
  await lake.land([callRow(NOW.getTime())]);
  const store = await openStore(lake.settings.url);
  await sealLake({ lake: openLake({ store, region: lake.settings.region }), key, now: NOW });
  await store.close();
  expect(await reader.newestSeal(key.keyId)).toMatchObject({ seal: { number: 1, records: 1 } });
  await expect(reader.newestSeal(other.keyId)).rejects.toMatchObject({
    code: "lake.not_as_sealed",
  });
});
