import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corpusBatch } from "./corpus.ts";
import type { CorpusBatch } from "./corpus.ts";
import { openLoop, percentile, saturate } from "./load.ts";
import type { LoadResult, Target } from "./load.ts";
import { cpuMicros, rssBytes } from "./process-usage.ts";
import { checkOut } from "./earlier-revision.ts";
import { PROJECTS, keyOf, startBoth, startServers } from "./servers.ts";
import type { Server } from "./servers.ts";
import { printStages } from "./stages.ts";

/**
 * `pnpm bench:ingest`: CPU per span, throughput, latency of the durable ack and memory, interleaved with
 * floors and baselines in one run. Only ratios within a run mean anything.
 *
 *   --rounds N   rounds per variant (default 3)     --seconds N  length of a round (default 4)
 *   --only TEXT  variants whose name contains TEXT  --no-stages  leave out where the time goes
 *   --against REVISION  only this collector and the one of an earlier revision: what a change costs
 */

interface Variant {
  readonly name: string;
  readonly spans: number;
  readonly hasContent: boolean;
  readonly isGzip: boolean;
  readonly isMixed: boolean;
  readonly ratePerSecond: number | undefined;
}

interface Measured {
  cpuMicrosPerSpan: number[];
  spansPerSecond: number[];
  p50: number[];
  p95: number[];
  p99: number[];
  rssMegabytes: number[];
  refused: number;
}

/** Spans of all batches of a variant, so that none repeats within its rounds in any project. */
const POOL_SPANS = { plain: 49_152, content: 12_288 } as const;
const CONNECTIONS = 16;

function variants(): Variant[] {
  const shapes = [
    { spans: 512, hasContent: false, isGzip: true },
    { spans: 512, hasContent: true, isGzip: true },
    { spans: 32, hasContent: false, isGzip: true },
    { spans: 32, hasContent: true, isGzip: true },
    { spans: 512, hasContent: false, isGzip: false },
    { spans: 512, hasContent: true, isGzip: false },
    { spans: 32, hasContent: false, isGzip: false },
    { spans: 32, hasContent: true, isGzip: false },
  ];
  const named = (shape: (typeof shapes)[number]): string =>
    `${shape.spans} spans, ${shape.hasContent ? "content" : "no content"}, ${shape.isGzip ? "gzip" : "identity"}`;
  return [
    ...shapes.map((shape) => ({
      ...shape,
      isMixed: false,
      name: `${named(shape)}, saturation`,
      ratePerSecond: undefined,
    })),
    {
      spans: 512,
      hasContent: false,
      isGzip: true,
      isMixed: true,
      name: "512 spans, four dialects, gzip, saturation",
      ratePerSecond: undefined,
    },
    ...shapes
      .filter((shape) => !(shape.hasContent && shape.spans === 512))
      .map((shape) =>
        Object.assign({}, shape, {
          isMixed: false,
          name: `${named(shape)}, 100/s`,
          ratePerSecond: 100,
        }),
      ),
  ];
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** `number` tells the variants apart: the same span in two of them would be a resend in the second. */
function poolOf(variant: Variant, number: number): CorpusBatch[] {
  const size = (variant.hasContent ? POOL_SPANS.content : POOL_SPANS.plain) / variant.spans;
  return Array.from({ length: size }, (_, index) =>
    corpusBatch({
      spans: variant.spans,
      hasContent: variant.hasContent,
      isMixed: variant.isMixed,
      seed: number * 10_000 + index,
      nowMs: Date.now(),
    }),
  );
}

/** Requests never repeat: each batch goes once to each project before the pool starts over. */
function targetOf(server: Server, variant: Variant, pool: readonly CorpusBatch[]): Target {
  return {
    port: server.port,
    next(n) {
      const batch = pool[n % pool.length] as CorpusBatch;
      const project = Math.floor(n / pool.length) % PROJECTS;
      return {
        body: variant.isGzip ? batch.gzip : batch.body,
        headers: {
          "content-type": "application/x-protobuf",
          ...(variant.isGzip ? { "content-encoding": "gzip" } : {}),
          ...(server.hasKeys ? { "x-lensai-key": keyOf(project) } : {}),
        },
      };
    },
  };
}

async function measure(
  run: { server: Server; variant: Variant; target: Target; first: number; seconds: number },
  into: Measured,
): Promise<number> {
  const { server, variant, target, first, seconds } = run;
  const cpuBefore = cpuMicros(server.pid);
  const load: LoadResult =
    variant.ratePerSecond === undefined
      ? await saturate(target, {
          connections: variant.hasContent ? CONNECTIONS / 4 : CONNECTIONS,
          seconds,
          first,
        })
      : await openLoop(target, { ratePerSecond: variant.ratePerSecond, seconds, first });
  await server.settled();
  const spans = load.latenciesMs.length * variant.spans;
  into.cpuMicrosPerSpan.push((cpuMicros(server.pid) - cpuBefore) / spans);
  into.spansPerSecond.push(spans / load.seconds);
  into.p50.push(percentile(load.latenciesMs, 0.5));
  into.p95.push(percentile(load.latenciesMs, 0.95));
  into.p99.push(percentile(load.latenciesMs, 0.99));
  into.rssMegabytes.push(rssBytes(server.pid) / 1e6);
  into.refused += load.refused;
  return first + load.sent;
}

const median = (values: number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

function report(variant: Variant, results: ReadonlyMap<string, Measured>): void {
  const baseline = results.get("naive") ?? results.get("earlier");
  console.log(`\n${variant.name}`);
  console.log(
    "server     CPU µs/span  baseline   spans/s     p50      p95      p99 ms   RSS MB  refused",
  );
  for (const [name, measured] of results) {
    const cpu = median(measured.cpuMicrosPerSpan);
    const ratio = baseline === undefined ? Number.NaN : median(baseline.cpuMicrosPerSpan) / cpu;
    const cells = [
      name.padEnd(10),
      cpu.toFixed(2).padStart(11),
      `1/${ratio.toFixed(2)}`.padStart(9),
      Math.round(median(measured.spansPerSecond)).toString().padStart(10),
      ...[measured.p50, measured.p95, measured.p99].map((values) =>
        median(values).toFixed(1).padStart(8),
      ),
      Math.max(...measured.rssMegabytes)
        .toFixed(0)
        .padStart(9),
      String(measured.refused).padStart(8),
    ];
    console.log(cells.join(" "));
  }
}

/** All rounds of one variant, the servers taking turns within each; the first round only warms them up. */
async function runVariant(
  variant: Variant,
  servers: readonly Server[],
  plan: { rounds: number; seconds: number; number: number },
): Promise<Map<string, Measured>> {
  const pool = poolOf(variant, plan.number);
  const results = new Map(servers.map((server) => [server.name, emptyMeasured()]));
  const warmUp = emptyMeasured();
  const positions = new Map<string, number>();
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const server of servers) {
      const first = positions.get(server.name) ?? 0;
      const target = targetOf(server, variant, pool);
      const run = { server, variant, target, first, seconds: plan.seconds };
      const into = round === 0 ? warmUp : (results.get(server.name) as Measured);
      positions.set(server.name, await measure(run, into));
    }
  }
  return results;
}

async function main(): Promise<void> {
  const plan = { rounds: Number(option("rounds") ?? 3), seconds: Number(option("seconds") ?? 4) };
  const only = option("only") ?? "";
  if (!process.argv.includes("--no-stages")) printStages();
  const folder = mkdtempSync(join(tmpdir(), "lensai-bench-"));
  const revision = option("against");
  const earlier = revision === undefined ? undefined : checkOut(revision, folder);
  const servers =
    earlier === undefined
      ? await startServers(folder, join(tmpdir(), "lensai-bench-otelcol"))
      : await startBoth(folder, earlier.main);
  try {
    for (const [number, variant] of variants().entries()) {
      if (!variant.name.includes(only)) continue;
      report(variant, await runVariant(variant, servers, { ...plan, number }));
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    earlier?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

function emptyMeasured(): Measured {
  return {
    cpuMicrosPerSpan: [],
    spansPerSecond: [],
    p50: [],
    p95: [],
    p99: [],
    rssMegabytes: [],
    refused: 0,
  };
}

await main();
