import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DECISIONS } from "../../prices/decisions.ts";
import { differencesPage } from "../../prices/page.ts";
import { decidedDifferences } from "../../prices/second-list.ts";

// The second list lies outside the project; without it these tests say so and check nothing.
const LIST = new URL(
  "../../../../shared/fixtures/prices/litellm_model_prices_2026-07-24.json",
  import.meta.url,
);
const PAGE = new URL("../../../console/content/docs/price-differences.md", import.meta.url);
const AT = new Date("2026-07-24T12:00:00Z");

const read = (url: URL): string => readFileSync(url, "utf8");
const missing = "the second list is not on this machine";

test("every difference with the second list is decided", ({ skip }) => {
  if (!existsSync(LIST)) return skip(missing);
  const found = decidedDifferences(JSON.parse(read(LIST)), AT);
  expect(found.filter(({ decision }) => decision === undefined)).toEqual([]);
  expect(found.length).toBeGreaterThan(1000);
});

test("every decision is about a difference that there is", ({ skip }) => {
  if (!existsSync(LIST)) return skip(missing);
  const used = new Set(decidedDifferences(JSON.parse(read(LIST)), AT).map((one) => one.decision));
  expect(DECISIONS.filter((decision) => !used.has(decision))).toEqual([]);
});

test("the page says what was found and decided", ({ skip }) => {
  if (!existsSync(LIST)) return skip(missing);
  expect(read(PAGE)).toBe(differencesPage(decidedDifferences(JSON.parse(read(LIST)), AT)));
});

test("a difference that no decision is about is named as such", () => {
  const list = { "gpt-4.1": { litellm_provider: "openai", input_cost_per_token: 9e-6 } };
  const found = decidedDifferences(list, AT).find(({ namedBy }) => namedBy === "both");
  expect(found).toMatchObject({
    model: "gpt-4.1",
    unit: "input_mtok",
    oursPico: 2_000_000,
    theirsPico: 9_000_000,
    decision: undefined,
  });
  expect(differencesPage(found === undefined ? [] : [found])).toContain("## Not decided");
});

test("every decision names its reason and a page that shows it", () => {
  for (const { title, why, source } of DECISIONS) {
    expect(title).toMatch(/^[A-Z]/);
    expect(why).toMatch(/\.$/);
    expect(URL.canParse(source)).toBe(true);
  }
  expect(new Set(DECISIONS.map(({ title }) => title)).size).toBe(DECISIONS.length);
});
