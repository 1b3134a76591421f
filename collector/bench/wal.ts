import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeDisk } from "../src/landing/disk.ts";
import { SpanIdentity } from "../src/landing/span-identity.ts";
import { SeenWindow } from "../src/landing/seen-window.ts";
import { Wal } from "../src/landing/wal.ts";
import { WalFolder } from "../src/landing/wal-folder.ts";
import type { WalRecordInput } from "../src/landing/wal-record.ts";
import type { WalSegment } from "../src/landing/wal-segment.ts";

/**
 * What a durable append costs beside the floor of the machine: write + fdatasync of the same bytes into
 * preallocated zeros, one at a time. Run: node collector/bench/wal.ts
 */
const MIB = 1024 * 1024;
const SEGMENT_BYTES = 64 * MIB;
const RUN_MS = 1500;

const folder = await mkdtemp(join(tmpdir(), "lensai-bench-wal-"));
try {
  console.log(
    "record    concurrency     ops/s   p50 ms   p99 ms    MB/s  records/group  CPU us/op",
  );
  for (const sizeBytes of [4 * 1024, 74 * 1024]) {
    print(`${sizeBytes / 1024} KB raw`, 1, await rawFloor(sizeBytes));
    for (const concurrency of [1, 10, 100]) {
      print(`${sizeBytes / 1024} KB`, concurrency, await walRun(sizeBytes, concurrency));
    }
  }
  console.log(`\nspan identity + seen window: ${spanCostNs().toFixed(0)} ns per span`);
  console.log(`RSS ${(process.memoryUsage().rss / MIB).toFixed(0)} MB`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

interface Measured {
  readonly latenciesMs: number[];
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly sizeBytes: number;
  readonly groups: number;
}

async function rawFloor(sizeBytes: number): Promise<Measured> {
  const wal = await openFolder("raw");
  const { path } = await wal.createSegment();
  const file = await nodeDisk.open(path, "existing");
  const payload = Buffer.alloc(sizeBytes, 7);
  let at = 0;
  return await measure({ sizeBytes, concurrency: 1, groups: () => 0 }, async () => {
    await file.writev([payload], at);
    await file.sync();
    at = (at + sizeBytes) % (SEGMENT_BYTES - sizeBytes);
  });
}

async function walRun(sizeBytes: number, concurrency: number): Promise<Measured> {
  const wal = new Wal(await openFolder(`wal-${sizeBytes}-${concurrency}`), {
    groupBytesMax: 8 * MIB,
    queueBytesMax: 64 * MIB,
    segmentBytes: SEGMENT_BYTES,
    unlandedBytesMax: 1024 * MIB,
    onFailure: () => undefined,
  });
  await wal.supply.prepare();
  let segment = await nextSegment(wal);
  let bytes = 0;
  const record = recordOf(sizeBytes);
  const spec = { sizeBytes, concurrency, groups: () => wal.groupCount };
  const measured = await measure(spec, async () => {
    bytes += sizeBytes;
    if (bytes > SEGMENT_BYTES) {
      bytes = 0;
      const full = segment;
      segment = await nextSegment(wal);
      void wal.settled().then(() => wal.supply.recycle(full));
    }
    await wal.append(segment, record);
  });
  await wal.close();
  return measured;
}

async function nextSegment(wal: Wal): Promise<WalSegment> {
  for (;;) {
    const segment = wal.supply.take();
    if (segment !== undefined) return segment;
    await wal.supply.prepare();
  }
}

async function measure(
  spec: { sizeBytes: number; concurrency: number; groups: () => number },
  append: () => Promise<void>,
): Promise<Measured> {
  const latenciesMs: number[] = [];
  const started = performance.now();
  const cpu = process.cpuUsage();
  const groupsBefore = spec.groups();
  const client = async (): Promise<void> => {
    while (performance.now() - started < RUN_MS) {
      const before = performance.now();
      await append();
      latenciesMs.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: spec.concurrency }, client));
  const { user, system } = process.cpuUsage(cpu);
  return {
    latenciesMs: latenciesMs.sort((a, b) => a - b),
    elapsedMs: performance.now() - started,
    cpuMs: (user + system) / 1000,
    sizeBytes: spec.sizeBytes,
    groups: spec.groups() - groupsBefore,
  };
}

function print(name: string, concurrency: number, measured: Measured): void {
  const { latenciesMs, elapsedMs, cpuMs, sizeBytes, groups } = measured;
  const count = latenciesMs.length;
  const quantile = (q: number): number => latenciesMs[Math.floor(q * (count - 1))] ?? 0;
  const columns = [
    name.padEnd(12),
    String(concurrency).padStart(8),
    ((count / elapsedMs) * 1000).toFixed(0).padStart(9),
    quantile(0.5).toFixed(2).padStart(8),
    quantile(0.99).toFixed(2).padStart(8),
    ((count * sizeBytes) / elapsedMs / 1000).toFixed(0).padStart(7),
    (groups === 0 ? 1 : count / groups).toFixed(1).padStart(14),
    ((cpuMs / count) * 1000).toFixed(0).padStart(10),
  ];
  console.log(columns.join(" "));
}

function randomWord(): number {
  return (Math.random() * 2 ** 32) >>> 0;
}

function openFolder(name: string): Promise<WalFolder> {
  return WalFolder.open({
    disk: nodeDisk,
    path: join(folder, name),
    segmentBytes: SEGMENT_BYTES,
    randomWord,
  });
}

function recordOf(sizeBytes: number): WalRecordInput {
  return {
    projectId: "default",
    receivedAtMs: Date.now(),
    signal: "traces",
    contentPolicy: "redacted",
    batchId: crypto.getRandomValues(new Uint8Array(16)),
    masked: false,
    encoding: "gzip",
    rowCount: 0,
    payload: Buffer.alloc(sizeBytes, 7),
  };
}

/** Twice the window's size of spans with random ids, as they come. */
function spanCostNs(): number {
  const identity = new SpanIdentity(Uint32Array.of(1, 2));
  const seen = new SeenWindow();
  const ids = Buffer.alloc(24 * 4096);
  let spans = 0;
  let elapsedMs = 0;
  identity.selectProject("default");
  while (spans < 6_000_000) {
    for (let at = 0; at < ids.length; at += 4) ids.writeUInt32LE(randomWord(), at);
    const before = performance.now();
    for (let at = 0; at < ids.length; at += 24) {
      identity.read(ids, at, at + 16);
      seen.addSpan(identity.low, identity.high);
    }
    elapsedMs += performance.now() - before;
    spans += 4096;
  }
  return (elapsedMs * 1e6) / spans;
}
