import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { encodeParquet } from "@lensai/analytics/parquet/write-parquet";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { RequestDecoder } from "../src/decode/request-decoder.ts";
import { Accounting } from "../src/pipeline/accounting.ts";
import { corpusBatch } from "./corpus.ts";
import { verification } from "./signatures.ts";

/** Where the time goes: each stage by itself, CPU ns per span, on one thread. */

const BATCH_ROWS = 65_536;
const ROUNDS = 5;
const SPANS = 512;

const SIGNATURE = "signature: MAC, digest of the gzip body, nonce";
const INFLATE = "gunzip, exact size";
const ACCEPT = "decode, normalise, price, redact (+ copy)";

function cpuNanosOf(work: () => void, spans: number): number {
  const samples = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / spans;
  });
  return samples.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
}

const noRedaction: Redactor = { open: () => {}, maskField: () => 0, examinedBytes: 0 };

function decodeStage(bodies: readonly Buffer[], redactor: Redactor, batch: RowBatch): void {
  const decoder = new RequestDecoder(redactor, new Accounting(createPriceBook()), batch);
  const facts = {
    projectId: "p",
    apiKeyId: undefined,
    batchId: "0".repeat(32),
    receivedAtMs: Date.now(),
    keepsContent: true,
  };
  for (const body of bodies) {
    if (batch.rowCount + SPANS > batch.capacity) batch.reset();
    const rowsMax = decoder.countRows("traces", body);
    decoder.decode({ signal: "traces", body, facts, rowsMax }, batch, { isNew: () => true });
  }
}

export function printStages(): void {
  for (const hasContent of [false, true]) {
    const requests = hasContent ? 24 : 96;
    const pool = Array.from({ length: requests }, (_, seed) =>
      corpusBatch({ spans: SPANS, hasContent, seed, nowMs: Date.now() }),
    );
    const spans = requests * SPANS;
    const bodies = pool.map(({ body }) => body);
    const copies = (): Buffer[] => bodies.map((body) => Buffer.from(body));
    const batch = new RowBatch(BATCH_ROWS);
    const redactor = createRedactor();
    decodeStage(copies(), redactor, batch);
    const rows: Array<readonly [string, number]> = [
      ["copy of the body", cpuNanosOf(() => copies(), spans)],
      [SIGNATURE, cpuNanosOf(verification(pool), spans)],
      [
        "sha-256 of the gzip body",
        cpuNanosOf(() => {
          for (const { gzip } of pool) createHash("sha256").update(gzip).digest();
        }, spans),
      ],
      [
        INFLATE,
        cpuNanosOf(() => {
          for (const { gzip, body } of pool) gunzipSync(gzip, { chunkSize: body.length + 64 });
        }, spans),
      ],
      [
        "decode, normalise, price (no redaction)",
        cpuNanosOf(() => decodeStage(bodies, noRedaction, batch), spans),
      ],
      [ACCEPT, cpuNanosOf(() => decodeStage(copies(), redactor, batch), spans)],
      ["parquet, spans", parquetNanos(batch, "spans")],
      ["parquet, content", hasContent ? parquetNanos(batch, "content") : 0],
    ];
    const perSpan = bodies.reduce((sum, body) => sum + body.length, 0) / spans;
    console.log(
      `\nstages, ${SPANS} spans ${hasContent ? "with" : "without"} content (${perSpan.toFixed(0)} B/span), CPU ns per span`,
    );
    for (const [name, nanos] of rows)
      console.log(`  ${name.padEnd(48)}${nanos.toFixed(0).padStart(8)}`);
    const stage = new Map(rows);
    const signature = stage.get(SIGNATURE) ?? 0;
    const unsigned = (stage.get(INFLATE) ?? 0) + (stage.get(ACCEPT) ?? 0);
    const share = (100 * signature) / (signature + unsigned);
    console.log(`  a signature's share of a request until the log: ${share.toFixed(1)} %`);
  }
}

function parquetNanos(batch: RowBatch, file: "spans" | "content"): number {
  const columns = SPAN_COLUMNS.filter((column) => column.file === file).map(
    (column) => column.name,
  );
  return cpuNanosOf(() => encodeParquet(batch, { columns, metadata: {} }), batch.rowCount);
}
