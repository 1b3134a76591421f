import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { expect, onTestFinished, test } from "vitest";
import { spanFilesIn } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** Nothing lands meanwhile. */
const NEVER_MS = "3600000";

type Line = Readonly<Record<string, unknown>>;

interface Running {
  readonly child: ChildProcessByStdio<null, null, Readable>;
  readonly port: number;
  /** The next line of the log that has such a member. */
  lineWith(member: string): Promise<Line>;
}

async function start(dataDir: string, landingIntervalMs: string): Promise<Running> {
  const env = {
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    LENSAI_DATA_DIR: dataDir,
    LENSAI_LANDING_INTERVAL_MS: landingIntervalMs,
    LENSAI_OTLP_HTTP_PORT: "0",
    LENSAI_OTLP_GRPC_PORT: "0",
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const lineWith = async (member: string): Promise<Line> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the collector has ended");
      const line = JSON.parse(value) as Line;
      if (member in line) return line;
    }
  };
  return { child, lineWith, port: Number((await lineWith("httpPort"))["httpPort"]) };
}

async function setPrice(dataDir: string, inputPrice: number): Promise<void> {
  const change = { prices: { input_mtok: inputPrice, output_mtok: 0 } };
  // Back-dated, as an import may be: when it was recorded does not tell when it was in use.
  const origin = { recordedAt: "2026-01-01", recordedBy: "ann", source: "contract" };
  const entries = [{ provider: "openai", model: "gpt-5", ...change, ...origin }];
  const file = join(dataDir, "prices.json");
  await writeFile(`${file}.new`, JSON.stringify({ formatVersion: 1, entries }));
  await rename(`${file}.new`, file);
}

/** A call of a million input tokens: it costs what the price says. */
async function call(port: number, spanId: string): Promise<void> {
  const nanos = String(BigInt(Date.now()) * 1_000_000n);
  const texts = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai" };
  const attributes = [
    ...Object.entries({ ...texts, "gen_ai.request.model": "gpt-5" }).map(([key, stringValue]) => ({
      key,
      value: { stringValue },
    })),
    { key: "gen_ai.usage.input_tokens", value: { intValue: 1_000_000 } },
    { key: "gen_ai.usage.output_tokens", value: { intValue: 0 } },
  ];
  const times = { startTimeUnixNano: nanos, endTimeUnixNano: nanos };
  const span = { traceId: spanId + spanId, spanId, name: "chat", ...times, attributes };
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);
}

test("a row costs what it cost when it was acknowledged, however prices change before it lands", async () => {
  const dataDir = await testFolder();
  await setPrice(dataDir, 1);
  const first = await start(dataDir, NEVER_MS);
  await call(first.port, "00000000000000a1");
  await setPrice(dataDir, 2);
  const { version } = await first.lineWith("version");
  await call(first.port, "00000000000000a2");
  first.child.kill("SIGKILL");
  await once(first.child, "close");

  await setPrice(dataDir, 3);
  const second = await start(dataDir, "50");
  await call(second.port, "00000000000000a3");
  const duckDb = new DuckDb();
  onTestFinished(() => duckDb.close());
  const costs = async (): Promise<unknown[]> => {
    const files = await spanFilesIn(join(dataDir, "lake"));
    if (files.length === 0) return [];
    return await duckDb.query(sql`SELECT span_id, cost_nano_usd, price_version
      FROM read_parquet(${files}) WHERE signal = 'span' ORDER BY span_id`);
  };
  await expect.poll(costs).toMatchObject([
    { span_id: "00000000000000a1", cost_nano_usd: 1_000_000_000n },
    { span_id: "00000000000000a2", cost_nano_usd: 2_000_000_000n, price_version: version },
    { span_id: "00000000000000a3", cost_nano_usd: 3_000_000_000n },
  ]);
});
