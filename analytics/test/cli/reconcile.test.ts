import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { beforeEach, describe, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import {
  anthropicCost,
  anthropicPage,
  openAiCost,
  openAiPage,
  openAiUsage,
} from "../reconcile/provider-files.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { useCli } from "./cli.ts";

const cli = useCli();
const DAY = "2026-03-02";
const NEXT_DAY_MS = 86_400_000;

const call = (startMs: number, values: SpanRow = {}): SpanRow =>
  spanRow(startMs, {
    provider: "openai",
    request_model: "gpt-5",
    response_model: "gpt-5-2025-08-07",
    input_tokens: 1000n,
    output_tokens: 100n,
    cost_nano_usd: 2_250_000n,
    ...values,
  });

const CLAUDE = {
  provider: "anthropic",
  request_model: "claude-sonnet-4-20250514",
  response_model: "claude-sonnet-4-20250514",
};

/** Two calls of gpt-5, one that has no price, one of another provider, and two of the next day. */
beforeEach(async () => {
  const store = await openStore(join(cli.folder, "data", "lake"));
  const rows = [
    call(0),
    call(1, { project_id: "p2" }),
    call(2, { request_model: "own", response_model: null, cost_nano_usd: null }),
    call(3, { ...CLAUDE, cost_nano_usd: 40_000_000n }),
    call(NEXT_DAY_MS),
    call(4, { provider: "groq" }),
  ];
  await appendRows(openLake({ store, region: "local" }), batchOf(rows), {
    name: "test-1",
    landedAt: new Date(DAY_MS),
  });
  await store.close();
});

const save = (name: string, text: string): Promise<void> => writeFile(join(cli.folder, name), text);

interface Report {
  readonly isAllMatched: boolean;
  readonly providers: readonly Record<string, unknown>[];
  readonly rows: readonly { model: string; class: string; causes: string[] }[];
}

async function reconcile(...words: string[]): Promise<Report> {
  return JSON.parse(await cli.run("reconcile", ...words, "--json")) as Report;
}

describe("reconcile", () => {
  it("matches what a provider charges with the calls of all projects, and ends with 0", async () => {
    const costs = [
      openAiCost("gpt-5-2025-08-07, input", "0.0025"),
      openAiCost("gpt-5-2025-08-07, output", 0.002),
    ];
    await save("costs.json", openAiPage(DAY, [costs]));
    const report = await reconcile("costs.json", "--tolerance-percent", "0");
    expect(report.rows).toMatchObject([
      { model: "gpt-5-2025-08-07", class: "matched", causes: [], differenceUsd: "0" },
      { model: "own", class: "ours_only", causes: ["not_exact_here"], theirs: null },
    ]);
    expect(cli.hasFailed).toBe(true);
    const differing = await reconcile("costs.json", "--differing");
    expect(differing.rows).toEqual(report.rows.slice(1));
    expect(differing.providers).toEqual(report.providers);
    await save("own.csv", "day,provider,model,requests\n2026-03-02,openai,own,1\n");
    const both = await reconcile("costs.json", "own.csv");
    expect(both).toMatchObject({ isAllMatched: true, providers: [{ matchedPercent: 100 }] });
    expect(cli.hasFailed).toBe(false);
  });

  it("classes what differs by day and model, with the cause and the sums, and ends with 1", async () => {
    await save(
      "costs.json",
      openAiPage(DAY, [
        [openAiCost("gpt-5-2025-08-07, input", 0.009), openAiCost("web search tool calls", 1)],
        [openAiCost("gpt-5-2025-08-07, input", 0.00225)],
      ]),
    );
    const usage = { num_model_requests: 4, input_tokens: 4000, output_tokens: 400 };
    await save("usage.json", openAiPage(DAY, [[openAiUsage("gpt-5-2025-08-07", usage)], []]));
    await save("claude.json", anthropicPage(DAY, [[anthropicCost("4.02")]], { hasMore: true }));
    const text = await cli.run("reconcile", "costs.json", "usage.json", "claude.json");
    expect(cli.hasFailed).toBe(true);
    expect(text.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "))).toEqual([
      "day  provider  model  provider says  calls say  difference  class  why",
      "2026-03-02  anthropic  claude-sonnet-4-20250514  $0.0402  $0.04  -$0.0002  matched",
      "2026-03-02  openai  gpt-5-2025-08-07  $0.009  $0.0045  -$0.0045  differs  calls not seen here: a key or an app that does not report",
      "2026-03-02  openai  own  -  unknown + 1 unpriced  -  only here  estimated or unpriced calls here",
      "2026-03-02  openai  web search tool calls  $1.00  -  -  only the provider  charged without a model: a tool, storage or a fee",
      "2026-03-03  openai  gpt-5-2025-08-07  $0.00225  $0.00225  $0.00  matched",
      "",
      "provider  class  rows  provider says  calls say  calls",
      "anthropic  matched  1  $0.0402  $0.04  1",
      "anthropic  differs  0  -  -  0",
      "anthropic  only the provider  0  -  -  0",
      "anthropic  only here  0  -  -  0",
      "anthropic  all  1  $0.0402  $0.04  1",
      "openai  matched  1  $0.00225  $0.00225  1",
      "openai  differs  1  $0.009  $0.0045  2",
      "openai  only the provider  1  $1.00  -  0",
      "openai  only here  1  -  - + 1 unpriced  1",
      "openai  all  4  $1.01  $0.00675 + 1 unpriced  4",
      "",
      "anthropic: 100 % of the provider's dollars are matched",
      "openai: 0.2 % of the provider's dollars are matched",
      "note: claude.json says that there are more anthropic costs behind it, and no file goes on: incomplete",
      "note: calls not compared: 1 of groq from 2026-03-02 to 2026-03-02; no file tells of it",
      "2026-03-02 to 2026-03-04 (not included), UTC, tolerance 1 %",
      "",
    ]);
  });

  it("compares tokens, and prints no dollars, where the files tell none", async () => {
    await save("usage.json", openAiPage(DAY, [[openAiUsage("gpt-5", { input_tokens: 1500 })]]));
    const text = await cli.run("reconcile", "usage.json", "--project", "p1");
    expect(text).toContain("1500 in, 0 cached, 100 out  1000 in, unknown cached, 100 out");
    expect(text).toContain("openai: the files tell no dollars\n");
  });

  it("ends with 1 where all is matched and more is to be compared", async () => {
    const cost = anthropicCost("4");
    await save("more.json", anthropicPage(DAY, [[cost]], { hasMore: true }));
    await save("all.json", anthropicPage(DAY, [[cost]]));
    await cli.run("reconcile", "more.json");
    expect(cli.hasFailed).toBe(true);
    await cli.run("reconcile", "all.json");
    expect(cli.hasFailed).toBe(false);
    await save("next.json", openAiPage("2026-03-03", [[openAiCost("gpt-5, input", 0.00225)]]));
    const text = await cli.run("reconcile", "next.json", "--from", DAY);
    expect(text).toContain("calls not compared: 3 of openai from 2026-03-02 to 2026-03-02;");
    expect(cli.hasFailed).toBe(true);
  });

  it("compares the days and the project asked for only", async () => {
    await save("costs.json", openAiPage(DAY, [[], [openAiCost("gpt-5, input", 0.00225)]]));
    const words = ["--from", "2026-03-03", "--to", "2026-03-05", "--project", "p1"];
    const report = await reconcile("costs.json", ...words);
    expect(report.rows.map((row) => [row.model, row.class])).toEqual([["gpt-5", "matched"]]);
    expect(cli.hasFailed).toBe(false);
  });

  it.each([
    [[], "<file> is missing"],
    [["none.json"], "none.json"],
    [["a.csv", "b.csv"], "b.csv and a.csv are the same: give it once"],
    [["a.csv", "--tolerance-percent", "101"], "is not a number from 0 to 100"],
    [["a.csv", "--from", "2026-03-02T10:00:00Z"], "is not a day like 2026-11-01"],
    [["a.csv", "--to", "2026-03-02"], "the files tell nothing of the days asked for"],
    [["a.csv", "--project", "p9"], 'the lake has no project "p9"; it has p1, p2'],
  ])("refuses %j", async (words, message) => {
    const text = "day,provider,model,requests\n2026-03-02,openai,own,1\n";
    await save("a.csv", text);
    await save("b.csv", text);
    await expect(cli.run("reconcile", ...words)).rejects.toThrow(message);
  });
});
