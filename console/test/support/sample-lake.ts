import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake, type Lake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { KEPT_FOR_EVER } from "@lensai/analytics/retention/retention-policy";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow, type SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { LakeSettings } from "#lib/server/settings.ts";

const DAY_MS = 86_400_000;

/** A folder lake that tests land rows in, as the collector does. */
export interface SampleLake {
  readonly settings: LakeSettings;
  land(rows: readonly SpanRow[]): Promise<void>;
  remove(): Promise<void>;
}

export async function createSampleLake(): Promise<SampleLake> {
  const folder = await mkdtemp(join(tmpdir(), "lensai-console-lake-"));
  const url = join(folder, "lake");
  const store = await openStore(url);
  const lake = openLake({ store, region: "local" });
  let landings = 0;
  return {
    settings: {
      url,
      region: "local",
      cacheFolder: join(folder, "cache"),
      retention: KEPT_FOR_EVER,
      s3: {
        endpoint: undefined,
        region: "us-east-1",
        accessKeyId: undefined,
        secretAccessKey: undefined,
        sessionToken: undefined,
      },
    },
    land: async (rows) => {
      landings += 1;
      await landRows(lake, rows, `test-${String(landings).padStart(6, "0")}`);
    },
    remove: async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function landRows(lake: Lake, rows: readonly SpanRow[], name: string): Promise<void> {
  const batch = new RowBatch(Math.max(1, rows.length));
  for (const row of rows) {
    const startUnixMs = Number((row["start_unix_nano"] as bigint) / 1_000_000n);
    appendRow(batch, row, Math.floor(startUnixMs / DAY_MS));
  }
  await appendRows(lake, batch, { name, landedAt: new Date() });
}

/** A billed call of the default project that started then, unless told otherwise. */
export function callRow(startUnixMs: number, values: SpanRow = {}): SpanRow {
  const startUnixNano = BigInt(startUnixMs) * 1_000_000n;
  return {
    project_id: "default",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    span_id: "b7ad6b7169203331",
    batch_id: "0123456789abcdef0123456789abcdef",
    start_time: startUnixNano / 1000n,
    start_unix_nano: startUnixNano,
    duration_ns: 1_500_000_000n,
    received_at: startUnixNano / 1000n + 2_000_000n,
    signal: "span",
    status: "unset",
    operation: "chat",
    call_role: "inference",
    provider: "openai",
    response_model: "gpt-4o",
    input_tokens: 1000n,
    output_tokens: 200n,
    cost_nano_usd: 4_500_000n,
    price_version: "test",
    billed: true,
    record_ordinal: 0n,
    usage_source: "reported",
    bill_rule: "call",
    user_id: "ada",
    ...values,
  };
}
