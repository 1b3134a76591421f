import type { CorpusBatch } from "./corpus.ts";
import { openLoop, percentile, saturate } from "./load.ts";
import type { LoadResult, Target } from "./load.ts";
import { cpuMicros, rssBytes } from "./process-usage.ts";
import { PROJECTS, keyOf } from "./servers.ts";
import type { Server, ServerName } from "./servers.ts";
import { poolOf } from "./variants.ts";
import type { Variant } from "./variants.ts";

/** What one server showed in the rounds of one variant. */
export interface Measured {
  cpuMicrosPerSpan: number[];
  spansPerSecond: number[];
  /** Of all rounds together, milliseconds. */
  latenciesMs: number[];
  /** The most of each round, MB. */
  rssMegabytes: number[];
  refused: number;
}

export type Results = ReadonlyMap<ServerName, Measured>;

export interface Plan {
  readonly rounds: number;
  /** Length of a round. */
  readonly seconds: number;
  /** Before the first round. Of code that has never run nothing is compiled: a figure of it says nothing. */
  readonly warmUpSeconds: (server: ServerName) => number;
}

const CONNECTIONS = 16;
const RSS_POLL_MS = 100;

/** All rounds of one variant, the servers taking turns within each. `number`: see `poolOf`. */
export async function runVariant(
  variant: Variant,
  servers: readonly Server[],
  { number, ...plan }: Plan & { number: number },
): Promise<Results> {
  const pool = poolOf(variant, number);
  const results = new Map(servers.map((server) => [server.name, emptyMeasured()]));
  const positions = new Map<ServerName, number>();
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const server of servers) {
      const isWarmUp = round === 0;
      const first = positions.get(server.name) ?? 0;
      const target = targetOf(server, variant, pool);
      const seconds = isWarmUp ? plan.warmUpSeconds(server.name) : plan.seconds;
      const into = isWarmUp ? emptyMeasured() : (results.get(server.name) as Measured);
      positions.set(server.name, await measure({ server, variant, target, first, seconds }, into));
    }
  }
  for (const { latenciesMs } of results.values()) latenciesMs.sort((a, b) => a - b);
  return results;
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

/** Answers with the number of the next request. */
async function measure(
  run: { server: Server; variant: Variant; target: Target; first: number; seconds: number },
  into: Measured,
): Promise<number> {
  const { server, variant, target, first, seconds } = run;
  const cpuBefore = cpuMicros(server.pid);
  let rssMax = 0;
  const watch = setInterval(() => (rssMax = Math.max(rssMax, rssBytes(server.pid))), RSS_POLL_MS);
  const load: LoadResult =
    variant.ratePerSecond === undefined
      ? await saturate(target, {
          connections: variant.hasContent ? CONNECTIONS / 4 : CONNECTIONS,
          seconds,
          first,
        })
      : await openLoop(target, { ratePerSecond: variant.ratePerSecond, seconds, first });
  await server.settled();
  clearInterval(watch);
  const spans = load.latenciesMs.length * variant.spans;
  into.cpuMicrosPerSpan.push((cpuMicros(server.pid) - cpuBefore) / spans);
  into.spansPerSecond.push(spans / load.seconds);
  into.latenciesMs.push(...load.latenciesMs);
  into.rssMegabytes.push(Math.max(rssMax, rssBytes(server.pid)) / 1e6);
  into.refused += load.refused;
  return first + load.sent;
}

export const median = (values: readonly number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

function emptyMeasured(): Measured {
  return {
    cpuMicrosPerSpan: [],
    spansPerSecond: [],
    latenciesMs: [],
    rssMegabytes: [],
    refused: 0,
  };
}
