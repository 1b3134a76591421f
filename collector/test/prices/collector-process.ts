import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { expect, onTestFinished } from "vitest";
import { spanFilesIn } from "../landing/lake-rows.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** Nothing lands meanwhile. */
export const NEVER_MS = "3600000";

type Line = Readonly<Record<string, unknown>>;

export interface CollectorProcess {
  readonly port: number;
  /** The versions of the prices that it has said to be in use, the newest last. */
  readonly versions: readonly string[];
  /** What it has warned of. */
  readonly warnings: readonly string[];
  /** Ends it without a word. */
  kill(): Promise<void>;
}

/** A collector as `pnpm start` starts it; it ends with the test. Resolves when it takes requests. */
export async function startCollectorProcess(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<CollectorProcess> {
  const env = {
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    LENSAI_DATA_DIR: dataDir,
    LENSAI_OTLP_HTTP_PORT: "0",
    LENSAI_OTLP_GRPC_PORT: "0",
    ...settings,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
  const kill = (): Promise<void> => killed(child);
  onTestFinished(kill);
  const versions: string[] = [];
  const warnings: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      if ("version" in line) versions.push(String(line["version"]));
      if (line["level"] === "warn") warnings.push(text);
      if ("httpPort" in line) resolve(Number(line["httpPort"]));
    });
    child.once("close", () => reject(new Error("the collector has ended")));
  });
  return { port, versions, warnings, kill };
}

async function killed(child: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}

/** A call of a million input tokens: it costs what the price says. */
export async function call(
  port: number,
  spanId: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
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
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);
}

/** What calls cost, by their span, as far as they have landed. */
export function landedCosts(dataDir: string): () => Promise<unknown[]> {
  const duckDb = new DuckDb();
  onTestFinished(() => duckDb.close());
  return async () => {
    const files = await spanFilesIn(join(dataDir, "lake"));
    if (files.length === 0) return [];
    return await duckDb.query(sql`SELECT span_id, project_id, cost_nano_usd, price_version
      FROM read_parquet(${files}) WHERE signal = 'span' ORDER BY span_id`);
  };
}
