import { once } from "node:events";
import { writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { clientLosses } from "@lensai/analytics/queries/client-losses";
import type { ClientLoss } from "@lensai/analytics/queries/client-losses";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { createCollector } from "@lensai/collector/collector";
import type { Collector } from "@lensai/collector/collector";
import { parseConfig } from "@lensai/collector/config";
import { LakePipeline } from "@lensai/collector/lake-pipeline";
import { createLog } from "@lensai/collector/log";
import { createSpanDelivery } from "@lensai/instrumentation/export/create-span-delivery";
import { FetchSpanExporter } from "@lensai/instrumentation/export/fetch-exporter";
import { readExportSettings } from "@lensai/instrumentation/export/export-settings";
import { fixedKeys } from "@lensai/instrumentation/export/signing-keys";
import { ControlSigner } from "@lensai/instrumentation/guard/control-signer";
import { ControlSource } from "@lensai/instrumentation/guard/control-source";
import { startGuard } from "@lensai/instrumentation/guard/start-guard";
import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { seal, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { TemporaryFolder } from "../support/temporary-folder.ts";

const PROJECT_ID = "shop";
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const CONSOLE_KEY = keyPairOf(new Uint8Array(32).fill(7));

const secretOf = (id: string, fill: number) => ({
  id,
  projectId: PROJECT_ID,
  secret: Buffer.alloc(32, fill).toString("base64url"),
});
const OLD = secretOf("sec_old", 1);
const NEW = secretOf("sec_new", 2);

let folder: TemporaryFolder;
let console: http.Server;
let secrets: readonly (typeof OLD)[];
let version: number;
let polls: number;
let collector: Collector;
beforeEach(async () => {
  folder = temporaryFolder();
  secrets = [OLD];
  version = 1;
  polls = 0;
  console = http.createServer((_, response) => {
    polls += 1;
    response.end(seal(SNAPSHOT_PAYLOAD_TYPE, JSON.stringify(snapshot()), CONSOLE_KEY));
  });
  console.listen(0, "127.0.0.1");
  await once(console, "listening");
  collector = await startCollector();
});
afterEach(async () => {
  console.closeAllConnections();
  console.close();
  folder.remove();
});

const snapshot = () => ({
  formatVersion: CONTROL_SNAPSHOT_VERSION,
  version,
  issuedAt: "2026-11-24T00:00:00.000Z",
  projects: [{ id: PROJECT_ID, name: "Shop", content: "redacted", requireSignature: true }],
  keys: [],
  signingSecrets: secrets,
  killSwitches: [
    {
      id: "kill_1",
      projectId: PROJECT_ID,
      scope: {},
      reason: "a drill",
      triggeredAt: "2026-11-24T00:00:00.000Z",
    },
  ],
});

async function startCollector(): Promise<Collector> {
  const { port } = console.address() as AddressInfo;
  const config = parseConfig(
    {
      LENSAI_DATA_DIR: folder.path,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      LENSAI_LANDING_INTERVAL_MS: "50",
      LENSAI_WAL_SEGMENT_BYTES: String(8 * 1024 * 1024),
      LENSAI_CONTROL_URL: `http://127.0.0.1:${port}`,
      LENSAI_CONTROL_TOKEN: "control-token-of-the-test",
      LENSAI_CONTROL_INTERVAL_MS: "100",
    },
    folder.path,
  );
  const log = createLog(
    () => undefined,
    () => new Date(),
  );
  const pipeline = new LakePipeline(config);
  const started = createCollector(config, { pipeline, nowMs: Date.now, log });
  await started.start();
  return started;
}

/** What the Sources page shows of losses, read as the console does. */
async function landedLosses(): Promise<readonly ClientLoss[]> {
  const store = await openStore(pathToFileURL(path.join(folder.path, "lake")).href);
  const duckDb = new DuckDb({ threads: 1 });
  try {
    const index = await LakeIndex.open(openLake({ store, region: "local" }));
    const range = { fromUnixMs: Date.now() - DAY_MS, toUnixMs: Date.now() + DAY_MS };
    const files = index.rowFilesFor({ projectId: PROJECT_ID, ...range });
    const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
    const target = { duckDb, source: manifestSource(files, paths) };
    return await clientLosses(PROJECT_ID, { ...range, limit: 10 }, target);
  } finally {
    await duckDb.close();
    await store.close();
  }
}

test("a project that takes signed data only gets it, also while its secret changes, and is told what was lost", async () => {
  const keysFile = path.join(folder.path, "keys");
  writeFileSync(keysFile, `${OLD.id} ${OLD.secret}\n`);
  const delivery = createSpanDelivery({
    ...readExportSettings({}, () => {}),
    tracesUrl: `http://127.0.0.1:${collector.httpPort}/v1/traces`,
    signing: { file: keysFile },
    batchSpansMax: 5,
    queueSpansMax: 10,
  });
  const provider = new TracerProvider({ spanProcessors: [delivery] });
  const make = (count: number): void => {
    for (let span = 0; span < count; span += 1) provider.getTracer("test").startSpan("work").end();
  };

  // More at once than the queue holds: those that made room are lost.
  make(30);
  await delivery.forceFlush();
  expect(delivery.counts).toMatchObject({ made: 30, delivered: 10, lost: 20 });

  // The new secret is known to the process first, then to the collector, which forgets the old one.
  writeFileSync(keysFile, `${NEW.id} ${NEW.secret}\n${OLD.id} ${OLD.secret}\n`);
  make(5);
  await delivery.forceFlush();
  expect(delivery.counts.delivered).toBe(15);
  secrets = [NEW];
  version += 1;
  // The poll after the one that brings the new document: that one has been read by then.
  const heard = polls + 2;
  await expect.poll(() => polls).toBeGreaterThanOrEqual(heard);
  make(5);
  await delivery.shutdown();
  expect(delivery.counts).toMatchObject({ made: 40, delivered: 20, lost: 20 });

  await collector.stop();
  const losses = await landedLosses();
  expect(losses).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ stage: "exporter", errorType: undefined, records: 20 }),
      expect.objectContaining({ stage: "processor", errorType: "queue_full", records: 20 }),
    ]),
  );
});

test("it takes what an edge runtime signs, and nothing with another secret", async () => {
  const exportedWith = async ({ id, secret }: typeof OLD): Promise<number> => {
    const endpoint = `http://127.0.0.1:${collector.httpPort}`;
    const exporter = new FetchSpanExporter({ endpoint, signing: { keyId: id, secret } });
    const provider = new TracerProvider();
    const span = provider.getTracer("test").startSpan("work");
    span.end();
    const { code } = await new Promise<{ code: number }>((resolve) => {
      exporter.export([span as never], resolve);
    });
    return code;
  };
  expect(await exportedWith(OLD)).toBe(0);
  expect(await exportedWith({ ...NEW, id: OLD.id })).toBe(1);
  await collector.stop();
});

const controlUrl = (): string => `http://127.0.0.1:${collector.httpPort}/v1/control`;
const keyOf = ({ id, secret }: typeof OLD) => ({ keyId: id, secret });

test("a process with a signing secret and no key is told the policy of its project", async () => {
  const guarding = startGuard({
    policyFile: undefined,
    controlUrl: controlUrl(),
    headers: {},
    signing: keyOf(OLD),
    environment: undefined,
    serviceName: "shop",
  });
  await guarding.ready;
  expect(guarding.guard.policy?.killSwitches).toEqual([expect.objectContaining({ id: "kill_1" })]);
  await guarding.stop();
  await collector.stop();
});

test.each([
  ["whose clock is an hour behind", { now: () => Date.now() - HOUR_MS, keys: [OLD] }],
  ["whose first secret is not known any longer", { now: Date.now, keys: [NEW, OLD] }],
])("a process %s is told it all the same", async (_, { now, keys }) => {
  const known = await Promise.all(keys.map((key) => fixedKeys(keyOf(key)).read()));
  const switches: string[] = [];
  const source = new ControlSource({
    url: controlUrl(),
    headers: {},
    signer: new ControlSigner({
      keys: { read: async () => known.flat() },
      now,
      nonce: () => globalThis.crypto.randomUUID(),
    }),
    identity: { instanceId: "instance-of-the-test", serviceName: "shop" },
    onPolicy: ({ killSwitches }) => void switches.push(...killSwitches.map(({ id }) => id)),
    onProblem: () => {},
    nowMs: () => performance.now(),
    random: () => 0,
  });
  source.start();
  await expect.poll(() => switches).toContain("kill_1");
  source.stop();
  await collector.stop();
});
