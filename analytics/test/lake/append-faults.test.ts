import { createHash } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { appendRows } from "../../src/lake/append.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { faultyStore, isFailBefore } from "../faulty-store.ts";
import type { StoreFault } from "../faulty-store.ts";
import { collect } from "../object-store.contract.ts";
import { readLakeFile, readSpanIds } from "./read-lake.ts";
import { sampleBatch } from "./sample-rows.ts";
import type { SampleRow } from "./sample-rows.ts";

const DAY = 20_780;
const MAX_TRIES = 100;
/** More calls than one landing makes after two faults. */
const MAX_CALLS = 24;
/** A minute before midnight: tries of one landing fall on both days. */
const START = Date.parse("2026-11-23T23:59:00.000Z");

const KINDS: readonly StoreFault[] = ["fail-before", "fail-after", "half-write"];

const sampleRow: fc.Arbitrary<Omit<SampleRow, "spanId">> = fc.record(
  {
    day: fc.integer({ min: DAY - 2, max: DAY }),
    micros: fc.bigInt({ min: 0n, max: 86_399_999_999n }),
    project: fc.constantFrom("project-a", "project-b"),
    prompt: fc.constantFrom("[]", "a".repeat(500)),
  },
  { requiredKeys: ["day"] },
);

const schedule = fc.record({
  batches: fc.array(fc.array(sampleRow, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  faults: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom(...KINDS) },
    ),
    { maxLength: 40 },
  ),
  /** How far the clock goes between tries, back included: one step may cross midnight. */
  clockStepsMs: fc.array(fc.integer({ min: -120_000, max: 3 * 86_400_000 }), {
    minLength: 1,
    maxLength: 6,
  }),
  /** Was the process killed after a try, so that it lands again what may have landed? */
  replays: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
});

describe("append rows on a store that fails", () => {
  test("ends with one commit per landing and every row once, whatever fails and is tried again", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ batches, faults, clockStepsMs, replays }) => {
        let nowMs = START;
        const inner = new MemoryStore(() => new Date(nowMs));
        const queue = [...faults];
        const { store } = faultyStore(inner, () => queue.shift());
        const lake = openLake({ store, region: "local" });
        const seen = openLake({ store: inner, region: "local" });
        const expected: string[] = [];
        let steps = 0;
        for (const [number, rows] of batches.entries()) {
          const named = rows.map((row, index) =>
            Object.assign({}, row, { spanId: `${number + 1}${index}` }),
          );
          expected.push(...named.map(({ spanId }) => spanId));
          let landed = false;
          for (let tries = 0; !landed; tries += 1) {
            expect(tries).toBeLessThan(MAX_TRIES);
            const options = { name: `c1-${number}`, landedAt: new Date(nowMs) };
            // a fresh batch each time, as a replay after a crash decodes it anew
            landed = await succeeds(appendRows(lake, sampleBatch(named), options));
            const wasKilled = replays[steps % replays.length] === true && steps < 20;
            if (landed && wasKilled) landed = false;
            nowMs += clockStepsMs[steps % clockStepsMs.length] as number;
            steps += 1;
            await expectWholeLandings(seen, batches);
          }
        }
        expect(await readSpanIds(seen)).toEqual(expected.toSorted());
        const commits = await collect(inner.list("manifest/"));
        expect(commits).toHaveLength(batches.length);
        expect((await LakeIndex.open(seen)).malformed.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("ends so for every pair of faults at every pair of calls, midnight between the tries", async () => {
    const positions = Array.from({ length: MAX_CALLS }, (_, index) => index);
    for (const first of positions) {
      for (const second of positions.slice(first)) {
        for (const kinds of KINDS.flatMap((kind) => KINDS.map((other) => [kind, other] as const))) {
          const faults = new Map<number, StoreFault>([
            [first, kinds[0]],
            [second, kinds[1]],
          ]);
          const landed = await landWith(faults);
          if (landed === undefined || landed.calls <= second) continue;
          const { inner } = landed;
          const commits = await collect(inner.list("manifest/"));
          const index = await LakeIndex.open(openLake({ store: inner, region: "local" }));
          const files = index.allFiles();
          expect({
            faults,
            commits: commits.length,
            malformed: index.malformed.size,
            kinds: files.map(({ kind }) => kind),
            stored: await Promise.all(files.map(({ key }) => sha256Of(inner, key))),
          }).toEqual({
            faults,
            commits: 1,
            malformed: 0,
            kinds: ["spans", "content"],
            stored: files.map(({ sha256 }) => sha256),
          });
        }
      }
    }
  });

  test("goes on after a stall, and leaves a stall when it is told to stop", async () => {
    const inner = new MemoryStore();
    let calls = 0;
    const faulty = faultyStore(inner, () => {
      calls += 1;
      return calls === 1 || calls === 3 ? "stall" : undefined;
    });
    const lake = openLake({ store: faulty.store, region: "local" });
    const batch = sampleBatch([{ spanId: "1", day: DAY }]);
    const abort = new AbortController();
    const reason = new Error("stopping");
    const landedAt = new Date(START);
    const stopped = appendRows(lake, batch, { name: "c1-1", landedAt, signal: abort.signal });
    abort.abort(reason);
    await expect(stopped).rejects.toBe(reason);
    const landing = appendRows(lake, batch, { name: "c1-1", landedAt });
    await expect.poll(() => faulty.faultCount()).toBe(2);
    expect(await readSpanIds(openLake({ store: inner, region: "local" }))).toEqual([]);
    faulty.release();
    await landing;
    expect(await readSpanIds(openLake({ store: inner, region: "local" }))).toEqual(["1"]);
  });
});

async function sha256Of(store: MemoryStore, key: string): Promise<string> {
  return createHash("sha256")
    .update(await store.get(key))
    .digest("hex");
}

/** With content, so that there are two files. */
const ONE_ROW = sampleBatch([{ spanId: "1", day: DAY, prompt: "[]" }]);

const REPEATED = new Error("another case does the same");

/**
 * Lands one batch, hour by hour across midnight until it succeeds, on a store with faults at the given calls. Undefined
 * where one of them is a fail-before under another name.
 */
async function landWith(
  faults: ReadonlyMap<number, StoreFault>,
): Promise<{ inner: MemoryStore; calls: number } | undefined> {
  let nowMs = START;
  let calls = 0;
  const inner = new MemoryStore(() => new Date(nowMs));
  const { store } = faultyStore(inner, (call) => {
    calls += 1;
    const fault = faults.get(calls - 1);
    if (fault === undefined || fault === "fail-before") return fault;
    if (isFailBefore(fault, call)) throw REPEATED;
    return fault;
  });
  const lake = openLake({ store, region: "local" });
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const landing = appendRows(lake, ONE_ROW, { name: "c1-1", landedAt: new Date(nowMs) });
    try {
      if (await succeeds(landing)) return { inner, calls };
    } catch (error) {
      if (error === REPEATED) return undefined;
      throw error;
    }
    nowMs += 3_600_000;
  }
  throw new Error("never landed");
}

async function succeeds(landing: Promise<unknown>): Promise<boolean> {
  try {
    await landing;
    return true;
  } catch (error) {
    if (error instanceof LensError && error.retryable) return false;
    throw error;
  }
}

/** A reader sees all rows of a landing or none, in files that are what the manifest says. */
async function expectWholeLandings(
  lake: ReturnType<typeof openLake>,
  batches: readonly (readonly unknown[])[],
): Promise<void> {
  const index = await LakeIndex.open(lake);
  const rowsByLanding = new Map<string, number>();
  for (const file of index.allFiles()) {
    await readLakeFile(lake, file);
    if (file.kind !== "spans") continue;
    const name = file.key.slice(file.key.lastIndexOf("/") + 1);
    rowsByLanding.set(name, (rowsByLanding.get(name) ?? 0) + file.rows);
  }
  for (const [name, rows] of rowsByLanding) {
    expect(rows).toBe(batches[Number(/-(\d+)\./.exec(name)?.[1])]?.length);
  }
}
