import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { GRPC_SERVICES, callPort } from "../conformance/grpc-call.ts";
import { otlpJsonOf } from "../receiver/otlp-arbitrary.ts";
import { CanaryField } from "./canaries.ts";
import { startChild } from "./child-collector.ts";
import type { ChildCollector } from "./child-collector.ts";
import { hostileRequests } from "./hostile-forms.ts";
import type { HostileRequest } from "./hostile-forms.ts";
import {
  contentLogs,
  contentTraces,
  logsRequest,
  metricsRequest,
  tracesRequest,
} from "./planted.ts";
import { storedFiles } from "./stored-bytes.ts";
import { encode } from "./wire.ts";

/** Late enough that a test sees what is in the log before it lands. */
const NEVER_MS = "600000";
const SOON_MS = "50";
const TEST_TIMEOUT_MS = 120_000;

const folders: string[] = [];
const children: ChildCollector[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), "lensai-canary-"));
  folders.push(made);
  return made;
}

async function start(dataDir: string, more: Record<string, string> = {}): Promise<ChildCollector> {
  const child = await startChild({
    LENSAI_DATA_DIR: dataDir,
    LENSAI_WAL_SEGMENT_BYTES: String(16 * 1024 * 1024),
    LENSAI_LANDING_INTERVAL_MS: NEVER_MS,
    ...more,
  });
  children.push(child);
  return child;
}

afterEach(async () => {
  const running = children.splice(0).filter((child) => child.isRunning());
  await Promise.all(running.map((child) => child.end("SIGKILL")));
  await Promise.all(folders.splice(0).map((each) => rm(each, { recursive: true, force: true })));
});

/** What of the field is in a file or in the log output, as "file: rule in place". */
async function leaks(field: CanaryField, dataDir: string, output: string): Promise<string[]> {
  const files = await storedFiles(dataDir);
  expect(files.length).toBeGreaterThan(0);
  const stored = files.flatMap(({ name, bytes }) =>
    field.foundIn(bytes).map((canary) => `${name}: ${canary}`),
  );
  return [...stored, ...field.foundIn(Buffer.from(output)).map((canary) => `log: ${canary}`)];
}

type Send = (child: ChildCollector, field: CanaryField) => Promise<void>;

const PROTOBUF = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };

const MESSAGES = [
  { path: "/v1/traces", service: GRPC_SERVICES.traces, type: "ExportTraceServiceRequest" },
  { path: "/v1/logs", service: GRPC_SERVICES.logs, type: "ExportLogsServiceRequest" },
  { path: "/v1/metrics", service: GRPC_SERVICES.metrics, type: "ExportMetricsServiceRequest" },
] as const;

/** One request per signal. */
function planted(field: CanaryField): Record<string, unknown>[] {
  return [tracesRequest(field, 1), logsRequest(field), metricsRequest(field)];
}

type Requests = (field: CanaryField) => Record<string, unknown>[];
type Transport = (requests: Requests) => Send;

const post =
  (
    headers: Record<string, string>,
    write: (type: string, message: Record<string, unknown>) => Buffer,
  ): Transport =>
  (requests) =>
  async (child, field) => {
    for (const [index, message] of requests(field).entries()) {
      const { path: url, type } = MESSAGES[index] as (typeof MESSAGES)[number];
      const response = await child.send({ path: url, headers, body: write(type, message) });
      expect([url, response.status]).toEqual([url, 200]);
    }
  };

const jsonBytes = (message: unknown): Buffer => Buffer.from(JSON.stringify(otlpJsonOf(message)));

const grpc =
  (isGzip: boolean): Transport =>
  (requests) =>
  async (child, field) => {
    for (const [index, message] of requests(field).entries()) {
      const { service, type } = MESSAGES[index] as (typeof MESSAGES)[number];
      const answer = await callPort(child.grpcPort, {
        service,
        message: encode(type, message),
        isGzip,
      });
      expect([service, answer.status]).toEqual([service, 0]);
    }
  };

const TRANSPORTS: Readonly<Record<string, Transport>> = {
  "HTTP protobuf": post(PROTOBUF, encode),
  "HTTP JSON": post(JSON_TYPE, (_type, message) => jsonBytes(message)),
  "HTTP protobuf, gzip": post({ ...PROTOBUF, "content-encoding": "gzip" }, (type, message) =>
    zlib.gzipSync(encode(type, message)),
  ),
  "HTTP protobuf, zstd": post({ ...PROTOBUF, "content-encoding": "zstd" }, (type, message) =>
    zlib.zstdCompressSync(encode(type, message)),
  ),
  "HTTP JSON, gzip": post({ ...JSON_TYPE, "content-encoding": "gzip" }, (_type, message) =>
    zlib.gzipSync(jsonBytes(message)),
  ),
  gRPC: grpc(false),
  "gRPC, gzip": grpc(true),
};

const sendHostile =
  (requests: (field: CanaryField) => HostileRequest[]): Send =>
  async (child, field) => {
    for (const { path: url = "/v1/traces", headers, body, status = 200 } of requests(field)) {
      const response = await child.send({ path: url, headers: { ...PROTOBUF, ...headers }, body });
      const answer = response.body.toString("latin1");
      expect([url, response.status, answer]).toEqual([url, status, expect.any(String)]);
    }
  };

/** Looks before landing, kills the process, lets a new one replay and land, looks again, stops, looks again. */
async function expectNoLeak(send: Send, more: Record<string, string> = {}): Promise<void> {
  const field = new CanaryField();
  const dataDir = await folder();
  const first = await start(dataDir, more);
  await send(first, field);
  expect(field.canaries.length).toBeGreaterThan(0);
  expect(await leaks(field, dataDir, first.output())).toEqual([]);
  await first.end("SIGKILL");
  const second = await start(dataDir, { ...more, LENSAI_LANDING_INTERVAL_MS: SOON_MS });
  await second.landed();
  const { landing } = (await second.stats()).pipeline;
  expect(landing).toMatchObject({ undecodableRecords: 0, rowDifferences: 0, damagedRanges: 0 });
  expect(landing.landedRows).toBeGreaterThan(0);
  expect(await leaks(field, dataDir, second.output())).toEqual([]);
  expect(await second.end("SIGTERM")).toBe(0);
  expect(await leaks(field, dataDir, first.output() + second.output())).toEqual([]);
}

test(
  "the search finds a canary that is stored",
  async () => {
    const field = new CanaryField();
    const dataDir = await folder();
    const child = await start(dataDir);
    const body = encode("ExportTraceServiceRequest", tracesRequest(new CanaryField(1), 1));
    await child.send({ headers: PROTOBUF, body });
    field.canaries.push({ rule: "none", place: "a filler key", needle: "filler.77" });
    const found = await leaks(field, dataDir, child.output());
    expect(found).toEqual([expect.stringMatching(/^wal\/.*\.wal: none in a filler key$/)]);
  },
  TEST_TIMEOUT_MS,
);

describe("no canary is in any file or log line, before landing, after a crash and after landing", () => {
  for (const [transport, send] of Object.entries(TRANSPORTS)) {
    test(`over ${transport}`, () => expectNoLeak(send(planted)), TEST_TIMEOUT_MS);
  }

  for (const [form, requests] of Object.entries(hostileRequests)) {
    test(`not with ${form}`, () => expectNoLeak(sendHostile(requests)), TEST_TIMEOUT_MS);
  }
});

const contentOnly: Requests = (field) => [contentTraces(field, 1), contentLogs(field)];

describe('with the content policy "off" not even harmless content is in any file', () => {
  const off = { LENSAI_CONTENT: "off" };

  for (const [transport, sendAll] of Object.entries(TRANSPORTS)) {
    test(`over ${transport}`, () => expectNoLeak(sendAll(contentOnly), off), TEST_TIMEOUT_MS);
  }

  test(
    "spans that were seen before",
    () => {
      return expectNoLeak(async (child, field) => {
        await TRANSPORTS["HTTP protobuf"]?.(contentOnly)(child, field);
        const more = contentTraces(field, 1, 2);
        const body = encode("ExportTraceServiceRequest", more);
        expect((await child.send({ headers: PROTOBUF, body })).status).toBe(200);
      }, off);
    },
    TEST_TIMEOUT_MS,
  );
});
