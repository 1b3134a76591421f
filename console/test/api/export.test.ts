import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDb, type SqlRow } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMember, createTenant, startApi, type ApiUnderTest } from "../support/api-client.ts";
import { callRow } from "../support/sample-lake.ts";

/** More than one page of calls. */
const CALLS = 1500;
const STARTED = Date.now() - 3_600_000;
const EXPORT = "/projects/shop/export/calls";

let api: ApiUnderTest;
let folder = "";
const duckDb = new DuckDb({ threads: 1 });

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), "lensai-export-"));
  await createTenant(api.console, "shop");
  await api.land([
    ...Array.from({ length: CALLS }, (_, index) =>
      callRow(STARTED + index, {
        project_id: "shop",
        span_id: index.toString(16).padStart(16, "0"),
        record_ordinal: BigInt(index),
        team: index % 3 === 0 ? "support" : "sales",
        request_model: index % 2 === 0 ? "gpt-4o" : 'odd, "model"',
        user_id: index % 5 === 0 ? null : `ü-${index % 7}`,
        cost_nano_usd: index % 4 === 0 ? null : 9_007_199_254_740_993n + BigInt(index),
        ttft_ns: index % 2 === 0 ? null : 123_456_789n,
      }),
    ),
    callRow(STARTED, { project_id: "other" }),
  ]);
});
afterAll(async () => {
  await duckDb.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

/** One line of the export, in the names of the NDJSON. */
interface Call {
  readonly startedAt: string;
  readonly tokens: Readonly<Record<string, number | null>>;
  readonly [field: string]: unknown;
}

const linesOf = (text: string): Call[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Call);

async function rowsOf(bytes: Uint8Array): Promise<SqlRow[]> {
  const file = join(folder, "calls.parquet");
  writeFileSync(file, bytes);
  return duckDb.query(
    sql`SELECT * EXCLUDE started_at, epoch_ms(started_at) AS started_ms FROM read_parquet(${[file]})`,
  );
}

const digits = (value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
const number = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

/** A row of the Parquet file as its line of NDJSON. */
const asLine = (row: SqlRow): Call => ({
  startedAt: new Date(Number(row["started_ms"])).toISOString(),
  startUnixNano: digits(row["start_unix_nano"]),
  traceId: row["trace_id"],
  spanId: row["span_id"],
  batchId: row["batch_id"],
  recordOrdinal: digits(row["record_ordinal"]),
  signal: row["signal"],
  serviceName: row["service_name"],
  provider: row["provider"],
  model: row["model"],
  userId: row["user_id"],
  operation: row["operation"],
  status: row["status"],
  errorType: row["error_type"],
  isStreaming: row["is_streaming"],
  latencyMs: row["latency_ms"],
  ttftMs: row["ttft_ms"],
  isBilled: row["is_billed"],
  costNanoUsd: digits(row["cost_nano_usd"]),
  tokens: {
    input: number(row["input_tokens"]) as number,
    output: number(row["output_tokens"]) as number,
    inputUncached: number(row["input_uncached_tokens"]) as number,
    cacheRead: number(row["cache_read_tokens"]) as number,
    cacheWrite5m: number(row["cache_write_5m_tokens"]) as number,
    cacheWrite1h: number(row["cache_write_1h_tokens"]) as number,
    reasoning: number(row["reasoning_tokens"]) as number,
  },
  usageSource: row["usage_source"],
  usageRule: row["usage_rule"],
});

test.each(["", "&team=support", "&user=%C3%BC-3", "&team=nobody"])(
  "as Parquet, calls are what they are as NDJSON, to the nano-dollar and in the same order%s",
  async (filter) => {
    const json = await api.ask("GET", `${EXPORT}?format=ndjson${filter}`);
    const parquet = await api.ask("GET", `${EXPORT}?format=parquet${filter}`);
    expect(parquet.headers.get("content-type")).toBe("application/vnd.apache.parquet");
    const rows = await rowsOf(parquet.bytes);
    const lines = json.text === "" ? [] : linesOf(json.text);
    expect(rows.map((row) => asLine(row))).toEqual(lines);
    expect(lines.length).toBe(
      { "": CALLS, "&team=support": 500, "&team=nobody": 0 }[filter] ?? 171,
    );
  },
);

test("the types are those of the values", async () => {
  const { bytes } = await api.ask("GET", `${EXPORT}?format=parquet`);
  const file = join(folder, "types.parquet");
  writeFileSync(file, bytes);
  const described = await duckDb.query(sql`DESCRIBE SELECT * FROM read_parquet(${[file]})`);
  const types = Object.fromEntries(
    described.map((row) => [row["column_name"], row["column_type"]]),
  );
  expect(types).toMatchObject({
    started_at: "TIMESTAMP WITH TIME ZONE",
    cost_nano_usd: "BIGINT",
    latency_ms: "DOUBLE",
    is_billed: "BOOLEAN",
    model: "VARCHAR",
  });
});

test("whoever may not export gets nothing in any format", async () => {
  const as = await createMember(api.console, "shop", "viewer");
  for (const format of ["ndjson", "csv", "parquet"]) {
    const answer = await api.ask("GET", `${EXPORT}?format=${format}`, { as });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      403,
      "application/problem+json",
    ]);
  }
});
