import { expect, it } from "vitest";
import type { DailyCalls } from "../../src/queries/daily-calls-by-model.ts";
import {
  sharedDays,
  splitTold,
  toldRange,
  unfinishedPages,
} from "../../src/reconcile/compared-days.ts";
import { readProviderFile } from "../../src/reconcile/read-provider-file.ts";
import { openAiPage, openAiUsage } from "./provider-files.ts";

const pageOf = (
  file: string,
  day: string,
  options: { hasMore?: boolean; isEmpty?: boolean } = {},
) =>
  readProviderFile(
    file,
    openAiPage(day, [options.isEmpty === true ? [] : [openAiUsage("gpt-5")]], options),
  );

const first = pageOf("a", "2026-11-01", { hasMore: true });
const second = pageOf("b", "2026-11-02", { hasMore: true });
const last = pageOf("c", "2026-11-03");

it("tells of pages that go on behind the last one, in any order of files", () => {
  const unfinished = (...pages: (typeof first)[]) =>
    unfinishedPages(pages.flat(), { to: undefined }).map(({ file }) => file);
  expect(unfinished(last, second, first)).toEqual([]);
  expect(unfinished(second, first)).toEqual(["b"]);
  expect(unfinished(first)).toEqual(["a"]);
  // What is behind the range is not asked for.
  expect(unfinishedPages(second, { to: "2026-11-02" })).toEqual([]);
  expect(unfinishedPages(second, { to: "2026-11-03" })).toEqual(second);
  expect(unfinished(first, pageOf("d", "2026-11-02", { isEmpty: true }))).toEqual([]);
});

it("has the range that the files tell of, within the days asked for", () => {
  const pages = [...first, ...last];
  expect(toldRange(pages, { from: undefined, to: undefined })).toEqual({
    first: "2026-11-01",
    last: "2026-11-03",
  });
  expect(toldRange(pages, { from: "2026-11-02", to: "2026-11-04" })?.first).toBe("2026-11-03");
  expect(toldRange(pages, { from: "2026-11-02", to: "2026-11-03" })).toBeUndefined();
});

const call = (provider: string | undefined, day: string): DailyCalls => ({
  day,
  provider,
  model: "m",
  calls: 2,
  estimatedCalls: 0,
  unpricedCalls: 0,
  isMetered: false,
  costNanoUsd: 1n,
  inputTokens: 1n,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  outputTokens: 1n,
});

it("compares the days that a provider tells of, and counts the calls of the others", () => {
  const calls = [
    call("openai", "2026-11-01"),
    call("OpenAI", "2026-11-02"),
    call("openai", "2026-11-04"),
    call(undefined, "2026-11-01"),
  ];
  const { told, untold } = splitTold([...first, ...last], calls);
  expect(told).toEqual([calls[0]]);
  const days = { firstDay: "2026-11-02", lastDay: "2026-11-04" };
  expect(untold).toEqual([
    { provider: "openai", isProviderTold: true, calls: 4, ...days },
    {
      provider: "",
      isProviderTold: false,
      calls: 2,
      firstDay: "2026-11-01",
      lastDay: "2026-11-01",
    },
  ]);
});

it("tells of files that speak of the same day", () => {
  expect(sharedDays([...first, ...first])).toEqual([]);
  expect(sharedDays([...first, ...pageOf("d", "2026-11-01"), ...last])).toEqual([
    { subject: "openai completions usage", day: "2026-11-01", files: new Set(["a", "d"]) },
  ]);
});
