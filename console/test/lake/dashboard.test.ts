import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLakeReader, type LakeReader } from "#lib/server/lake/lake-reader.ts";
import { loadCall } from "#lib/server/lake/load-call.ts";
import { loadDashboard, type DashboardAnswer } from "#lib/server/lake/load-dashboard.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let lake: SampleLake;
let reader: LakeReader;

beforeEach(async () => {
  lake = await createSampleLake();
  reader = createLakeReader(lake.settings);
});

afterEach(async () => {
  await reader.close();
  await lake.remove();
});

async function dashboard(
  query = "range=24h",
  { projectId = "default", keptFromMs }: { projectId?: string; keptFromMs?: number } = {},
): Promise<DashboardAnswer> {
  const { range } = parseTimeRange(new URLSearchParams(query), NOW);
  // Not within the moment in which an earlier look still counts.
  await reader.lookForNews();
  return loadDashboard(reader, { projectId, range, nowUnixMs: NOW, keptFromMs });
}

test("knows nothing of a project without data", async () => {
  const answer = await dashboard();
  expect(answer).toMatchObject({ hasRows: false, hasCalls: false });
  expect(answer.newestReceivedUnixMs).toBeUndefined();
  expect(answer.dashboard.summary).toMatchObject({ calls: 0, costNanoUsd: 0n });
});

test("adds up the calls of one project in the window", async () => {
  await lake.land([
    callRow(NOW - MINUTE),
    callRow(NOW - 2 * MINUTE, { response_model: "claude-sonnet-4-5", cost_nano_usd: null }),
    callRow(NOW - 3 * DAY, { cost_nano_usd: 1_000_000_000n }),
    callRow(NOW - MINUTE, { project_id: "other", cost_nano_usd: 7n }),
  ]);
  const { dashboard: shown, hasCalls, newestReceivedUnixMs } = await dashboard();
  expect(hasCalls).toBe(true);
  expect(newestReceivedUnixMs).toBe(NOW - MINUTE + 2000);
  expect(shown.summary).toMatchObject({ calls: 2, pricedCalls: 1, costNanoUsd: 4_500_000n });
  expect(shown.topModels.map((row) => [row.key, row.costNanoUsd])).toEqual([
    ["gpt-4o", 4_500_000n],
    ["claude-sonnet-4-5", undefined],
  ]);
  expect(shown.newestCalls).toHaveLength(2);
  expect((await dashboard("range=7d")).dashboard.summary.calls).toBe(3);
  expect((await dashboard("range=7d", { projectId: "other" })).dashboard.summary.costNanoUsd).toBe(
    7n,
  );
});

test("compares with a time before that is kept as a whole, and with no other", async () => {
  await lake.land([callRow(NOW - MINUTE), callRow(NOW - DAY - MINUTE)]);
  expect((await dashboard()).before.costNanoUsd).toBe(4_500_000n);
  const whole = await dashboard("range=24h", { keptFromMs: NOW - 3 * DAY });
  expect(whole.before.costNanoUsd).toBe(4_500_000n);
  const part = await dashboard("range=24h", { keptFromMs: NOW - DAY - 2 * MINUTE });
  expect(part.before.costNanoUsd).toBeUndefined();
});

test("sees rows that land while it is open, and says whose they are", async () => {
  await lake.land([callRow(NOW - 2 * MINUTE)]);
  expect((await dashboard()).dashboard.summary.calls).toBe(1);
  await lake.land([callRow(NOW - MINUTE), callRow(NOW, { project_id: "other" })]);
  expect(await reader.lookForNews()).toEqual(new Set(["default", "other"]));
  expect(await reader.lookForNews()).toEqual(new Set());
  expect((await dashboard()).dashboard.summary.calls).toBe(2);
});

test("tells listeners also of what a page load took in first", async () => {
  await reader.lookForNews();
  await lake.land([callRow(NOW)]);
  // The load's own look takes the commit in ...
  await expect
    .poll(async () => {
      await reader.refresh();
      return reader.hasRows("default");
    })
    .toBe(true);
  // ... and the next look for news still reports it.
  expect(await reader.lookForNews()).toEqual(new Set(["default"]));
});

test("knows that there were calls before the window", async () => {
  await lake.land([callRow(NOW - 20 * DAY)]);
  const answer = await dashboard("range=1h");
  expect(answer).toMatchObject({ hasRows: true, hasCalls: true });
  expect(answer.newestReceivedUnixMs).toBe(NOW - 20 * DAY + 2000);
  expect(answer.dashboard.summary.calls).toBe(0);
});

test("tells spans that are no model calls from calls", async () => {
  await lake.land([callRow(NOW - MINUTE, { billed: false, call_role: "other" })]);
  const answer = await dashboard();
  expect(answer).toMatchObject({ hasRows: true, hasCalls: false });
  expect(answer.newestReceivedUnixMs).toBe(NOW - MINUTE + 2000);
});

test("logs a commit that cannot be read once: its rows are missing", async () => {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const folder = join(lake.settings.url, "manifest/v1/region=local/dt=2026-11-23");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "c1-1.json"), "{");
  await reader.lookForNews();
  await reader.lookForNews();
  const lines = stderr.mock.calls.map(([line]) => String(line));
  stderr.mockRestore();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("dt=2026-11-23/c1-1.json");
});

test("finds one call with its content, by time and without", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  await lake.land([callRow(NOW - DAY, { output_messages: '[{"role":"assistant"}]' })]);
  const call = { projectId: "default", record: { traceId, spanId }, nowUnixMs: NOW };
  for (const atUnixMs of [NOW - DAY, undefined]) {
    expect(await loadCall(reader, { ...call, atUnixMs })).toMatchObject({
      cost_nano_usd: 4_500_000n,
      output_messages: '[{"role":"assistant"}]',
      input_messages: null,
    });
  }
  expect(await loadCall(reader, { ...call, atUnixMs: NOW })).toBeUndefined();
  expect(
    await loadCall(reader, { ...call, projectId: "other", atUnixMs: NOW - DAY }),
  ).toBeUndefined();
});
