import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { LakeThread } from "../../src/upkeep/lake-thread.ts";

/** The same span once more, under another request: only a look at both tells. */
function copyOf(span: string, batchId: string, startMs: number): SpanRow {
  const startUnixNano = BigInt(startMs) * 1_000_000n;
  return {
    project_id: "p1",
    batch_id: batchId,
    record_ordinal: 0n,
    trace_id: "1".repeat(32),
    span_id: span,
    start_time: startUnixNano / 1000n,
    start_unix_nano: startUnixNano,
    received_at: startUnixNano / 1000n,
    signal: "span",
    call_role: "inference",
    request_model: "gpt-4o-mini",
    usage_source: "reported",
    input_tokens: 1n,
    output_tokens: 1n,
    billed: true,
    bill_rule: "call",
  };
}

interface Rig {
  readonly folder: string;
  readonly thread: LakeThread;
  readonly land: (name: string, row: SpanRow) => Promise<void>;
}

/** A lake in a folder, and a thread that leaves after `idleMs`. */
async function withThread(
  idleMs: number | undefined,
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lensai-review-"));
  const store = await openStore(join(folder, "lake"));
  const lake = openLake({ store, region: "local" });
  const data = {
    lakeUrl: join(folder, "lake"),
    store: {},
    region: "local",
    cacheFolder: join(folder, "cache"),
    workFolder: join(folder, "work"),
    pricesFile: join(folder, "prices.json"),
    retention: { recordDays: 40, contentDays: undefined },
    writer: "review-1",
  };
  const thread = new LakeThread(data, idleMs);
  const land = async (name: string, row: SpanRow): Promise<void> => {
    const batch = new RowBatch(1);
    appendRow(batch, row, Math.floor(Number(row["start_time"]) / 86_400_000_000));
    await appendRows(lake, batch, { name, landedAt: new Date() });
  };
  try {
    await use({ folder, thread, land });
  } finally {
    await thread.stop();
    await store.close();
    await rm(folder, { recursive: true });
  }
}

test("bills are reviewed where rows have landed since the last time, and only there", () =>
  withThread(undefined, async ({ folder, thread, land }) => {
    const atMs = Date.now() - 60_000;
    const span = "2".repeat(16);
    expect(await thread.review([])).toEqual({ records: 0, corrections: 0, hoursLeft: 0 });
    await land("c-1", copyOf(span, "a", atMs));
    await land("c-2", copyOf(span, "b", atMs));
    expect(await thread.review([])).toMatchObject({ records: 2, corrections: 1, hoursLeft: 0 });
    expect(await thread.review([])).toEqual({ records: 0, corrections: 0, hoursLeft: 0 });
    await land("c-3", copyOf("3".repeat(16), "c", atMs));
    expect(await thread.review([])).toMatchObject({ records: 3, corrections: 0 });
    await writeFile(join(folder, "prices.json"), "{");
    await land("c-4", copyOf(span, "d", atMs));
    await expect(thread.review([])).rejects.toThrow("prices.json");
    await rm(join(folder, "prices.json"));
    expect(await thread.review([])).toMatchObject({ corrections: 1 });
    for (let landing = 5; landing <= 32; landing += 1) {
      await land(`d-${100 + landing}`, copyOf(span, `batch ${landing}`, atMs));
    }
    const [compacted, reviewed] = await Promise.all([thread.compact(), thread.review([])]);
    expect(compacted).toMatchObject({ merged: 32, written: 1 });
    expect(reviewed).toMatchObject({ records: 32, corrections: 28 });
    // The merged file brings no rows that anybody would have to look at.
    expect(await thread.review([])).toEqual({ records: 0, corrections: 0, hoursLeft: 0 });
  }));

test("what counts is sealed, and by nobody else", () =>
  withThread(undefined, async ({ thread, land }) => {
    const [key, other] = [1, 2].map((seed) => keyPairOf(new Uint8Array(32).fill(seed)));
    if (key === undefined || other === undefined) throw new Error("two keys were made");
    expect(await thread.seal(key)).toEqual({ number: undefined });
    await land("c-1", copyOf("2".repeat(16), "a", Date.now()));
    expect(await thread.seal(key)).toEqual({ number: 1 });
    await expect(thread.seal(other)).rejects.toThrow("seal 1 of the lake: it is signed by");
  }));

test("a thread without work leaves, and the next one goes on where it was", () =>
  withThread(50, async ({ thread, land }) => {
    const atMs = Date.now() - 60_000;
    await land("c-1", copyOf("2".repeat(16), "a", atMs));
    expect(await thread.review([])).toMatchObject({ records: 1, hoursLeft: 0 });
    await expect.poll(() => thread.isRunning).toBe(false);
    expect(await thread.review([])).toEqual({ records: 0, corrections: 0, hoursLeft: 0 });
    await expect.poll(() => thread.isRunning).toBe(false);
    await land("c-2", copyOf("2".repeat(16), "b", atMs));
    expect(await thread.review([])).toMatchObject({ records: 2, corrections: 1 });
  }));

test("goes on when a lake that could not be opened can be opened again", async () => {
  await withThread(undefined, async ({ folder, thread }) => {
    const place = join(folder, "lake");
    await rm(place, { recursive: true });
    await writeFile(place, "a file where the folder was");
    await expect(thread.review([])).rejects.toThrow(place);
    await rm(place);
    expect(await thread.review([])).toEqual({ records: 0, corrections: 0, hoursLeft: 0 });
  });
});
