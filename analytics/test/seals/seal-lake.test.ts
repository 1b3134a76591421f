import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CompactionGroup } from "../../src/compaction/plan-compaction.ts";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { parseLakeKey } from "../../src/lake/layout.ts";
import type { ManifestCommit, ManifestFile } from "../../src/lake/manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import { expireFiles } from "../../src/retention/expire-files.ts";
import { checkSeals } from "../../src/seals/check-seals.ts";
import type { KeptSeal, SealCheck } from "../../src/seals/check-seals.ts";
import { openSeal } from "../../src/seals/lake-seal.ts";
import type { OpenedSeal } from "../../src/seals/lake-seal.ts";
import { sealLake } from "../../src/seals/seal-lake.ts";
import { CompactedLake, DAY } from "../compaction/compacted-lake.ts";
import { faultyStore } from "../faulty-store.ts";
import type { StoreFault } from "../faulty-store.ts";
import { collect } from "../object-store.contract.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const key = keyPairOf(new Uint8Array(32).fill(1));
const otherKey = keyPairOf(new Uint8Array(32).fill(2));

const duckDb = new DuckDb({ threads: 1 });
let folder: string;
let store: MemoryStore;
let lake: CompactedLake;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lensai-seals-"));
});
afterAll(async () => {
  await duckDb.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  ({ store, lake } = newLake());
});

function newLake(): { store: MemoryStore; lake: CompactedLake } {
  const made = new MemoryStore(() => own.now());
  const own: CompactedLake = new CompactedLake(made, { duckDb, folder });
  return { store: made, lake: own };
}

async function seal(through: ObjectStore = store, signer = key): Promise<number | undefined> {
  const target = openLake({ store: through, region: "local" });
  return (await sealLake({ lake: target, key: signer, now: lake.now() })).number;
}

const check = (since?: KeptSeal, keyId?: string): Promise<SealCheck | undefined> =>
  checkSeals(openLake(lake), { keyId, since });

async function sealAt(number: number): Promise<OpenedSeal> {
  const body = await store.get(keyOfSeal(number));
  return openSeal(body, { number, keyId: key.keyId });
}

const keyOfSeal = (number: number): string =>
  `seals/v1/region=local/${String(number).padStart(10, "0")}.json`;

const keptOf = ({ seal: { number }, sha256 }: OpenedSeal): KeptSeal => ({ number, sha256 });

/** Writes into the lake beside everything that writes it. */
async function change(
  name: string,
  edit: (commit: { -readonly [Field in keyof ManifestCommit]: ManifestCommit[Field] }) => void,
): Promise<void> {
  const objects = await collect(store.list("manifest/"));
  const place = objects.find((object) => parseLakeKey(object.key)?.name === name)?.key ?? "";
  const commit = JSON.parse(Buffer.from(await store.get(place)).toString()) as ManifestCommit;
  edit(commit);
  await store.put(place, Buffer.from(JSON.stringify(commit)));
}

/** Nobody reads it as if nothing were, and nobody signs it. */
async function expectFound(message: string): Promise<void> {
  const error = {
    code: "lake.not_as_sealed",
    message: expect.stringContaining(message) as string,
  };
  await expect(check()).rejects.toMatchObject(error);
  await expect(seal()).rejects.toMatchObject(error);
}

const merge = (files: readonly ManifestFile[]): CompactionGroup[] => {
  const spans = files.filter(
    ({ kind, key: at }) => kind === "spans" && parseLakeKey(at)?.day === DAY,
  );
  return spans.length < 2 ? [] : [{ kind: "spans", day: DAY, files: spans }];
};

describe("seals", () => {
  test("say what counts, every ten minutes at most and only when something is new", async () => {
    expect(await check()).toBeUndefined();
    expect(await seal()).toBeUndefined();
    await lake.land([DAY, DAY - 1], 0);
    expect(await seal()).toBe(1);
    lake.nowMs += 10 * MINUTE_MS - 1;
    await lake.land([DAY], 1);
    expect(await seal()).toBeUndefined();
    expect(await check()).toMatchObject({ filesSince: 2 });
    lake.nowMs += 1;
    expect(await seal()).toBe(2);
    lake.nowMs += HOUR_MS;
    expect(await seal()).toBeUndefined();
    const [first, second] = [await sealAt(1), await sealAt(2)];
    expect(first.seal).toMatchObject({ previousSha256: null, isContinuous: true, records: 2 });
    expect(second.seal).toMatchObject({
      region: "local",
      number: 2,
      sealedAt: new Date(lake.nowMs - HOUR_MS).toISOString(),
      previousSha256: first.sha256,
      isContinuous: true,
      records: 3,
      goneRecords: 0,
    });
    expect(second.keyId).toBe(key.keyId);
    expect(await check(keptOf(first), key.keyId)).toMatchObject({ filesSince: 0, gaps: [] });
  });

  test("hold through merging, checkpoints and retention, which they count", async () => {
    await lake.land([DAY - 60, DAY, DAY], 0);
    await lake.land([DAY, DAY], 1);
    await seal();
    const kept = keptOf(await sealAt(1));
    await lake.compact(store, { plan: merge, commitsMin: 1 });
    lake.nowMs += 30 * MINUTE_MS;
    expect(await check()).toMatchObject({ filesSince: 1 });
    expect(await seal()).toBe(2);
    const target = openLake(lake);
    await expireFiles({
      lake: target,
      freshIndex: () => LakeIndex.open(target, lake.now),
      policy: { recordDays: 40, contentDays: undefined },
      now: lake.now,
    });
    lake.nowMs += 30 * MINUTE_MS;
    expect(await seal()).toBe(3);
    const { seal: last } = await sealAt(3);
    expect(last).toMatchObject({ records: 4, goneRecords: 1, isContinuous: true });
    expect(await check(kept)).toMatchObject({ filesSince: 0, gaps: [] });
  });

  test("whatever lands, is merged, written down, let go and sealed in which order", async () => {
    const step = fc.constantFrom("land", "land", "correct", "compact", "expire", "seal", "wait");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        ({ store, lake } = newLake());
        const target = openLake(lake);
        const policy = { recordDays: 40, contentDays: undefined };
        const freshIndex = () => LakeIndex.open(target, lake.now);
        const run = {
          land: () => lake.land([DAY, DAY - 60], 0),
          correct: () => lake.land([DAY], 2),
          compact: () => lake.compact(store, { plan: merge, commitsMin: 2 }),
          expire: () => expireFiles({ lake: target, freshIndex, policy, now: lake.now }),
          seal: () => seal(),
          wait: () => (lake.nowMs += 25 * MINUTE_MS),
        };
        let first: KeptSeal | undefined;
        for (const name of [...steps, "wait", "seal"] as const) {
          await run[name]();
          lake.nowMs += 11 * MINUTE_MS;
          const found = await check(first);
          first ??= found === undefined ? undefined : keptOf(found.newest);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("what was changed from outside", () => {
  let kept: KeptSeal;
  beforeEach(async () => {
    await lake.land([DAY, DAY], 0);
    await lake.land([DAY], 0);
    await seal();
    kept = keptOf(await sealAt(1));
    await lake.land([DAY], 0);
    lake.nowMs += 20 * MINUTE_MS;
  });

  test("a file together with its commit", async () => {
    await change("c1-000001", ({ add }) => Object.assign(add[0] ?? {}, { sha256: "0".repeat(64) }));
    await expectFound(
      "3 files with 3 records counted, and seal 1 of that moment is about 3 with 3, and it says other things of them",
    );
  });

  test.for([
    ["projects", []],
    ["minStartTime", "2026-11-25T00:00:00.000000Z"],
    ["rows", 3],
  ] as const)("what is said of a file, by which queries find it: %s", async ([field, value]) => {
    await change("c1-000001", ({ add }) => Object.assign(add[0] ?? {}, { [field]: value }));
    await expectFound("it says other things of them");
  });

  test("files that a commit does not name any more", async () => {
    await change("c1-000002", (commit) => (commit.add = []));
    await expectFound(
      "2 files with 2 records counted, and seal 1 of that moment is about 3 with 3",
    );
  });

  test("a commit that is gone", async () => {
    await store.delete(["manifest/v1/region=local/dt=2026-11-24/c1-000002.json"]);
    await expectFound(
      "1 commits of the lake are missing that were there at 2026-11-24T12:00:00.000Z",
    );
  });

  test("a commit that is gone and that no checkpoint has, though there is one", async () => {
    await lake.compact(store, { plan: () => [], commitsMin: 1 });
    await lake.land([DAY], 0);
    await seal();
    lake.nowMs += HOUR_MS;
    await store.delete(["manifest/v1/region=local/dt=2026-11-24/c1-000004.json"]);
    await expectFound("1 commits of the lake are missing");
  });

  test("a checkpoint", async () => {
    await lake.compact(store, { plan: () => [], commitsMin: 1 });
    await seal();
    lake.nowMs += 2 * HOUR_MS;
    await lake.land([DAY], 0);
    await lake.compact(store, { plan: () => [], commitsMin: 1 });
    await seal();
    lake.nowMs += HOUR_MS;
    expect(await check(kept)).toMatchObject({ filesSince: 0, gaps: [] });
    await change("checkpoint-0000000002", (commit) => (commit.add = commit.add.slice(1)));
    await expectFound("seal 3 of that moment is about");
  });

  test("records that no landing brought", async () => {
    await lake.compact(store, { plan: merge });
    await change("compact-0000000001", ({ add }) => Object.assign(add[0] ?? {}, { rows: 6 }));
    await expect(seal()).rejects.toMatchObject({
      code: "lake.not_as_sealed",
      message: expect.stringContaining("2 records came that no landing brought") as string,
    });
  });

  test("a seal", async () => {
    const text = Buffer.from(await store.get(keyOfSeal(1))).toString();
    const { payload, ...envelope } = JSON.parse(text) as { payload: string };
    const document = Buffer.from(payload, "base64")
      .toString()
      .replace('"records":3', '"records":2');
    const forged = { ...envelope, payload: Buffer.from(document).toString("base64") };
    await store.put(keyOfSeal(1), Buffer.from(JSON.stringify(forged)));
    await expectFound("the document was changed");
  });

  test("a seal that somebody else has signed, for who knows the key", async () => {
    await store.delete([keyOfSeal(1)]);
    await seal(store, otherKey);
    await expect(check(undefined, key.keyId)).rejects.toMatchObject({ code: "lake.not_as_sealed" });
    await expect(seal()).rejects.toMatchObject({ code: "lake.not_as_sealed" });
  });

  test("seals that were made anew, for who has kept one", async () => {
    await seal();
    const second = keptOf(await sealAt(2));
    await store.delete([keyOfSeal(2), keyOfSeal(1)]);
    const gone = {
      code: "lake.not_as_sealed",
      message: expect.stringContaining("was kept") as string,
    };
    await expect(check(kept)).rejects.toMatchObject(gone);
    await seal();
    await expect(check(kept)).rejects.toMatchObject(gone);
    await expect(check(second)).rejects.toMatchObject(gone);
  });
});

test("a seal that was made anew is not the one that the next one follows", async () => {
  await lake.land([DAY], 0);
  await seal();
  lake.nowMs += HOUR_MS;
  await lake.land([DAY], 0);
  await seal();
  const second = await store.get(keyOfSeal(2));
  await store.delete([keyOfSeal(1), keyOfSeal(2)]);
  await seal();
  await store.put(keyOfSeal(2), second);
  await expect(check(keptOf(await sealAt(1)))).rejects.toThrow(
    "seal 1 of the lake is not the one that seal 2 follows",
  );
});

describe("a console that was away", () => {
  test("goes on where commits are gone that nobody needs, and says so", async () => {
    await lake.land([DAY], 0);
    await seal();
    const first = keptOf(await sealAt(1));
    await lake.land([DAY], 0);
    await lake.compact(store, { plan: () => [], commitsMin: 1 });
    lake.nowMs += 2 * HOUR_MS;
    await lake.land([DAY], 0);
    await lake.compact(store, { plan: () => [], commitsMin: 1 });
    expect(await check(first)).toMatchObject({ filesSince: undefined, gaps: [] });
    expect(await seal()).toBe(2);
    expect(await check()).toMatchObject({ filesSince: 0, gaps: [2] });
    lake.nowMs += HOUR_MS;
    await lake.land([DAY], 0);
    await seal();
    expect((await sealAt(2)).seal).toMatchObject({ isContinuous: false, records: 3 });
    expect((await sealAt(3)).seal).toMatchObject({ isContinuous: true, records: 4 });
    expect(await check(first)).toMatchObject({ filesSince: 0, gaps: [2] });
    expect(await check(keptOf(await sealAt(2)))).toMatchObject({ gaps: [] });
  });

  test.for(["fail-before", "fail-after", "half-write"] as const satisfies readonly StoreFault[])(
    "seals once whatever call fails: %s",
    async (kind) => {
      for (let at = 0; ; at += 1) {
        ({ store, lake } = newLake());
        await lake.land([DAY], 0);
        await seal();
        lake.nowMs += HOUR_MS;
        await lake.land([DAY], 0);
        let calls = 0;
        const faulty = faultyStore(store, () => (calls++ === at ? kind : undefined));
        await seal(faulty.store).catch(() => undefined);
        await seal();
        lake.nowMs += HOUR_MS;
        await seal();
        expect((await check(keptOf(await sealAt(1))))?.newest.seal.number).toBe(2);
        if (faulty.faultCount() === 0) break;
      }
    },
  );

  test("and a landing that is merged while the manifest is listed make a seal that holds", async () => {
    let isRacing = false;
    class Racing extends MemoryStore {
      override async *list(
        ...args: Parameters<MemoryStore["list"]>
      ): ReturnType<MemoryStore["list"]> {
        const early = await collect(super.list(...args));
        yield* early.filter(({ key: at }) => !at.includes("dt=9999-12-31"));
        if (isRacing && early.some(({ key: at }) => at.startsWith("manifest/"))) {
          isRacing = false;
          await lake.land([DAY, DAY], 0);
          await lake.compact(this, { plan: merge });
        }
        for await (const object of super.list(...args)) {
          if (object.key.includes("dt=9999-12-31")) yield object;
        }
      }
    }
    const racing = new Racing(() => lake.now());
    store = racing;
    lake = new CompactedLake(racing, { duckDb, folder });
    await lake.land([DAY], 0);
    await lake.land([DAY], 0);
    await lake.compact(racing, { plan: merge });
    await seal();
    for (let number = 2; number < 5; number += 1) {
      lake.nowMs += HOUR_MS;
      isRacing = true;
      await seal();
    }
    expect((await check())?.newest.seal).toMatchObject({ records: 8, goneRecords: 0 });
  });

  test("and another one at the same time write one seal", async () => {
    await lake.land([DAY], 0);
    const numbers = await Promise.all([seal(), seal(), seal()]);
    expect(numbers.filter((number) => number === 1)).toHaveLength(1);
    expect(await check()).toMatchObject({ filesSince: 0 });
  });
});
