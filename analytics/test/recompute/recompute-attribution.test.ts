import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import { DAY_MS, spanRow } from "../support/span-rows.ts";
import { withRecomputedLake } from "./recomputed-lake.ts";
import type { RecomputedLake } from "./recomputed-lake.ts";

const duckDb = new DuckDb({ threads: 1 });
afterAll(() => duckDb.close());

const TRACE = "a".repeat(32);
const spanId = (span: number): string => String(span).repeat(16);

/** Span `span` below span `parent`, in a request of its own. */
function work(span: number, parent: number, values: SpanRow = {}): SpanRow {
  return spanRow(1000 * span, {
    batch_id: `b${span}`,
    record_ordinal: 0n,
    trace_id: TRACE,
    span_id: spanId(span),
    parent_span_id: parent === 0 ? null : spanId(parent),
    call_role: "other",
    billed: null,
    ...values,
  });
}

function call(span: number, parent: number, values: SpanRow = {}): SpanRow {
  return work(span, parent, {
    call_role: "inference",
    request_model: "gpt-4o-mini",
    response_id: `r${span}`,
    usage_source: "reported",
    input_tokens: BigInt(span),
    output_tokens: 1n,
    billed: true,
    bill_rule: "call",
    ...values,
  });
}

/** A request of a user, an agent of a team in it, calls below both and beside them. */
const TREE: readonly SpanRow[] = [
  work(1, 0, { user_id: "ann", team: "core", route: "/chat" }),
  work(2, 1, { call_role: "agent", agent_name: "writer", team: "docs" }),
  work(3, 2),
  call(4, 3),
  call(5, 1, { user_id: "bob" }),
  call(6, 0),
  call(7, 9),
];

const EXPECTED = [
  ["b4", "ann", "docs", "/chat", "writer"],
  ["b5", "bob", "core", "/chat", null],
  ["b6", null, null, null, null],
  ["b7", null, null, null, null],
];

async function owners(lake: RecomputedLake): Promise<unknown[]> {
  const rows = await lake.rows();
  return rows
    .filter(({ billed }) => billed === true)
    .map(({ batch_id, user_id, team, route, agent_name }) => [
      batch_id,
      user_id,
      team,
      route,
      agent_name,
    ]);
}

test("calls inherit from the spans around them, in whatever order and pieces these land", async () => {
  const landings = fc.record({
    rows: fc.shuffledSubarray([...TREE], { minLength: TREE.length }),
    cut: fc.integer({ min: 0, max: TREE.length }),
    isReviewedBetween: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(landings, ({ rows, cut, isReviewedBetween }) =>
      withRecomputedLake(duckDb, async (lake) => {
        await lake.land(rows.slice(0, cut));
        if (isReviewedBetween && cut > 0) await lake.recompute(0, 1);
        await lake.land(rows.slice(cut));
        await lake.recompute(0, 1);
        expect(await owners(lake)).toEqual(EXPECTED);
        expect(await lake.recompute(0, 1)).toBe(0);
      }),
    ),
    { numRuns: 12 },
  );
});

test("a nearer span that lands late wins over one further up", async () => {
  await withRecomputedLake(duckDb, async (lake) => {
    const inner = work(2, 1, { team: "docs" });
    await lake.land([work(1, 0, { team: "core" }), { ...inner, team: null }, call(4, 2)]);
    await lake.recompute(0, 1);
    expect((await owners(lake))[0]).toEqual(["b4", null, "core", null, null]);
    await lake.land([{ ...inner, batch_id: "b2-again" }]);
    expect(await lake.recompute(0, 1)).toBe(1);
    expect((await owners(lake))[0]).toEqual(["b4", null, "docs", null, null]);
  });
});

test("a billed call inherits from other records of the call what it and the spans around it leave open", async () => {
  const alike = { response_id: "r1", input_tokens: 10n, start_time: BigInt(DAY_MS) * 1000n };
  const richer = { cache_read_tokens: 0n, reasoning_tokens: 0n };
  await withRecomputedLake(duckDb, async (lake) => {
    await lake.land([
      work(1, 0, { team: "core" }),
      call(2, 1, { ...alike, ...richer, scope_name: "sdk" }),
      call(3, 0, {
        ...alike,
        trace_id: "b".repeat(32),
        scope_name: "framework",
        user_id: "ann",
        team: "docs",
        tenant: "acme",
      }),
      // Another call, of which nothing is known.
      call(4, 0, { trace_id: "c".repeat(32), scope_name: "sdk" }),
    ]);
    await lake.recompute(0, 1);
    const rows = await lake.rows();
    const told = rows
      .filter(({ billed }) => billed === true)
      .map(({ batch_id, user_id, team, tenant }) => [batch_id, user_id, team, tenant]);
    expect(told).toEqual([
      ["b2", "ann", "core", "acme"],
      ["b4", null, null, null],
    ]);
    expect(await lake.recompute(0, 1)).toBe(0);
  });
});
