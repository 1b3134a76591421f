import path from "node:path";
import zlib from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { callPort } from "../conformance/grpc-call.ts";
import { testFolder } from "../landing/test-folder.ts";
import { startChild } from "./child-collector.ts";
import type { ChildCollector } from "./child-collector.ts";

const MIB = 1024 * 1024;
const BOMBS = 32;
/** Just below the limit of a body. */
const INFLATED_BYTES = 60 * MIB;
/** 256 MiB of requests in flight, two inflates with twice the limit of a body each, and what the process needs. */
const PEAK_BYTES_MAX = 700 * MIB;

async function overHttp({ httpPort }: ChildCollector, body: Uint8Array): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip" },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

async function overGrpc({ grpcPort }: ChildCollector, message: Uint8Array): Promise<number> {
  const headers = { "grpc-encoding": "gzip" };
  return (await callPort(grpcPort, { message, isMarked: true, headers })).status;
}

test.for([
  { transport: "HTTP", send: overHttp, malformed: 400, full: 503 },
  { transport: "gRPC", send: overGrpc, malformed: 3, full: 14 },
])(
  "32 small bodies that inflate to 60 MB each, sent at once over $transport, cost bounded memory and get honest answers",
  { timeout: 120_000 },
  async ({ send, malformed, full }, { annotate }) => {
    const child = await startChild({ LENSAI_DATA_DIR: path.join(await testFolder(), "data") });
    onTestFinished(async () => {
      await child.end("SIGKILL");
    });
    const body = zlib.gzipSync(Buffer.alloc(INFLATED_BYTES));
    const statuses = await Promise.all(Array.from({ length: BOMBS }, () => send(child, body)));
    const { peakRssBytes } = await child.memory();
    await annotate(
      `peak RSS ${Math.round(peakRssBytes / MIB)} MiB, statuses ${statuses.join(" ")}`,
    );
    // Zeros are no protobuf; who finds the collector full is told to come again.
    expect(statuses.filter((status) => status !== malformed && status !== full)).toEqual([]);
    expect(statuses).toContain(malformed);
    expect(peakRssBytes).toBeLessThan(PEAK_BYTES_MAX);
  },
);
