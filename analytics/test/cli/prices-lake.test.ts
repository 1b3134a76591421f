import { join } from "node:path";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { describe, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { useCli } from "./cli.ts";

const cli = useCli();
const HOUR_MS = 3_600_000;
const RANGE = ["--from", "2026-03-02", "--to", "2026-03-04"];

/** A call of gpt-5 ($1.25 and $10 per million) that cost what the list says. */
const call = (startMs: number, values: SpanRow = {}): SpanRow =>
  spanRow(startMs, {
    provider: "openai",
    request_model: "gpt-5",
    input_tokens: 1000n,
    input_uncached_tokens: 1000n,
    output_tokens: 100n,
    cost_nano_usd: 2_250_000n,
    price_version: "some book",
    ...values,
  });

async function land(...rows: SpanRow[]): Promise<void> {
  const store = await openStore(join(cli.folder, "data", "lake"));
  const lake = openLake({ store, region: "local" });
  const options = { name: "test-1", landedAt: new Date(DAY_MS + HOUR_MS) };
  await appendRows(lake, batchOf(rows), options);
  await store.close();
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse(await cli.run("prices", ...words, ...RANGE, "--json")) as T;
}

const set = (...words: string[]): Promise<string> =>
  cli.run("prices", "set", "openai", ...words, "--source", "negotiated");

describe("prices unknown", () => {
  const unknown = { cost_nano_usd: null, price_version: null };

  it("lists the calls without a cost by what they lack, the most tokens first", async () => {
    await land(
      call(0),
      call(1, { ...unknown, request_model: "own", input_tokens: 9000n }),
      call(2, { ...unknown, request_model: "own", client_cost_nano_usd: 7n }),
      call(HOUR_MS, { ...unknown, provider: "vllm" }),
      call(3, { ...unknown, service_tier: "scale", input_tokens: 10n }),
      call(4, { ...unknown, input_tokens: null, input_uncached_tokens: null }),
      call(5, { ...unknown, request_model: null, output_tokens: null, input_tokens: 1n }),
      call(6, { ...unknown, input_tokens: 2n, input_uncached_tokens: 2n, output_tokens: 0n }),
      call(7, { ...unknown, billed: false, request_model: "not billed" }),
      call(8, { ...unknown, project_id: "p2", input_tokens: 0n, output_tokens: 0n }),
    );
    const groups = await json<Record<string, unknown>[]>("unknown", "--project", "p1");
    expect(groups.map(({ gap, calls }) => [gap, calls])).toEqual([
      ["model", 2],
      ["provider", 1],
      ["service_tier", 1],
      ["usage", 1],
      ["none", 1],
      ["no_model", 1],
    ]);
    expect(groups[0]).toMatchObject({
      requestModel: "own",
      inputTokens: 10_000,
      outputTokens: 200,
      clientCostUsd: "0.000000007",
      // 10,200 tokens at 2,250,000 / 1,100 nano-USD
      atAverageUsd: "0.020863636",
    });
    expect(await cli.run("prices", "unknown", ...RANGE)).toContain(
      "8 of 9 billed calls (88.9 %) have no cost",
    );
  });

  it("names the projects of the lake when there is no such project", async () => {
    await land(call(0), call(1, { project_id: "p2" }));
    await expect(cli.run("prices", "unknown", "--project", "p3")).rejects.toThrow(
      'the lake has no project "p3"; it has p1, p2',
    );
  });

  it("has nothing to say of a lake without calls", async () => {
    expect(await cli.run("prices", "unknown")).toBe("0 of 0 billed calls have no cost\n");
  });
});

describe("prices reprice", () => {
  interface Report {
    readonly groups: readonly Record<string, unknown>[];
  }
  const report = async (...words: string[]): Promise<Report["groups"]> =>
    (await json<Report>("reprice", ...words)).groups;

  it("puts what calls cost now beside what they cost when they came, and changes nothing", async () => {
    await land(
      call(0),
      call(24 * HOUR_MS),
      call(24 * HOUR_MS + 1, { service_tier: "batch", cost_nano_usd: 1_125_000n }),
      call(1, { request_model: "own", cost_nano_usd: null }),
    );
    expect(await report("--changed")).toEqual([]);
    await set("gpt-5", "--input", "2.25", "--from", "2026-03-03");
    await set("own", "--input", "1", "--output", "1");
    const first = await report("--changed");
    expect(first).toEqual([
      {
        day: "2026-03-02",
        projectId: "p1",
        provider: "openai",
        model: "own",
        calls: 1,
        changedCalls: 1,
        oldUnknownCalls: 1,
        newUnknownCalls: 0,
        oldUsd: null,
        newUsd: "0.0011",
        differenceUsd: null,
      },
      {
        day: "2026-03-03",
        projectId: "p1",
        provider: "openai",
        model: "gpt-5",
        calls: 2,
        changedCalls: 2,
        oldUnknownCalls: 0,
        newUnknownCalls: 0,
        oldUsd: "0.003375",
        newUsd: "0.004875",
        differenceUsd: "0.0015",
      },
    ]);
    expect(await report("--changed")).toEqual(first);
    expect(await report("--recorded-until", "2026-11-01", "--changed")).toEqual([]);
    expect(await cli.run("prices", "reprice", ...RANGE)).toContain(
      "3 of 4 calls change: $0.00563 + 1 unknown becomes $0.00823, difference $0.0026\n",
    );
    // Never as nothing.
    expect(await cli.run("prices", "reprice", ...RANGE)).toMatch(/ own .* 1 unknown .* unknown\n/);
  });

  it("prices only the project and the range that were asked for", async () => {
    await land(call(0), call(-1), call(48 * HOUR_MS), call(1, { project_id: "p2" }));
    expect(await report("--project", "p1")).toMatchObject([{ projectId: "p1", calls: 1 }]);
    expect(await report()).toMatchObject([
      { projectId: "p1", calls: 1 },
      { projectId: "p2", calls: 1 },
    ]);
    await expect(
      cli.run("prices", "reprice", "--from", "2026-03-04", "--to", "2026-03-02"),
    ).rejects.toThrow("is empty");
  });
});
