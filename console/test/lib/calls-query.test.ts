import { expect, test } from "vitest";
import {
  addedFilter,
  callsHref,
  changedQuery,
  exportHref,
  filteredQuery,
  keptTime,
  parseCallsQuery,
} from "#lib/calls-query.ts";

const query = (text: string): URLSearchParams => new URLSearchParams(text);

test("reads filters by the names of the REST API, and falls back to what a page can show", () => {
  expect(parseCallsQuery(query("user=ann&model=gpt-5&by=team&status=error&cursor=abc"))).toEqual({
    filter: { user: "ann", model: "gpt-5" },
    by: "team",
    status: "error",
    cursor: "abc",
  });
  expect(parseCallsQuery(query(`user=&team=${"x".repeat(257)}&by=colour&status=fine`))).toEqual({
    filter: {},
    by: "model",
    status: undefined,
    cursor: undefined,
  });
});

test("changes what it is told to, and leaves the page of the list and the open drawer", () => {
  const shown = query("range=7d&user=ann&cursor=abc&call=calls.1.2.3");
  expect(changedQuery(shown, { team: "a&b" })).toBe("?range=7d&user=ann&team=a%26b");
  expect(changedQuery(shown, { user: undefined })).toBe("?range=7d");
  expect(shown.get("cursor")).toBe("abc");
});

test("turns the form that adds a value into the filter itself", () => {
  expect(addedFilter(query("range=7d&filter=team&value=%20support%20&cursor=abc"))).toBe(
    "?range=7d&team=support",
  );
  expect(addedFilter(query("filter=colour&value=red"))).toBe("?");
  expect(addedFilter(query("filter=team&value="))).toBe("?");
  expect(addedFilter(query("team=support"))).toBeUndefined();
});

test("calls without a value are named in one parameter, and it goes when another filter takes its place", () => {
  const shown = query("range=7d&team=sales&without=user,colour,tenant&cursor=abc");
  expect(parseCallsQuery(shown).filter).toEqual({ team: "sales", user: null, tenant: null });
  expect(parseCallsQuery(query("team=sales&without=team")).filter).toEqual({ team: null });
  expect(filteredQuery(shown, { team: null })).toBe("?range=7d&without=user%2Cteam%2Ctenant");
  expect(filteredQuery(shown, { user: "ann", tenant: undefined })).toBe(
    "?range=7d&team=sales&user=ann",
  );
  expect(addedFilter(query("without=user&filter=user&value=ann"))).toBe("?user=ann");
  expect(callsHref("shop", query("range=7d"), { team: null, model: "gpt-5" })).toBe(
    "/projects/shop/calls?range=7d&model=gpt-5&without=team",
  );
  const day = { fromUnixMs: 0, toUnixMs: 86_400_000, intervalMs: 60_000 };
  expect(exportHref("shop", day, { team: null })).toContain("&without=team");
});

test("leads to the calls of a value in the time that is shown", () => {
  expect(callsHref("shop", query("range=30d&call=x&by=team"), { user: "a b" })).toBe(
    "/projects/shop/calls?range=30d&user=a+b",
  );
});

test("keeps the time from page to page, and nothing else of the address", () => {
  expect(keptTime(query("range=7d&user=ann&cursor=abc"))).toBe("?range=7d");
  expect(keptTime(query("from=2026-11-01&to=2026-11-02&by=team"))).toBe(
    "?from=2026-11-01&to=2026-11-02",
  );
  expect(keptTime(query("user=ann"))).toBe("");
});
