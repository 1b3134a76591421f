import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkOut } from "./earlier-revision.ts";
import { runVariant } from "./measure.ts";
import type { Plan, Results } from "./measure.ts";
import { printResults, printVerdicts } from "./report.ts";
import { startBoth, startServers } from "./servers.ts";
import type { Server, ServerName } from "./servers.ts";
import { printStages } from "./stages.ts";
import { STEADY, VARIANTS, concerns } from "./variants.ts";
import type { Variant } from "./variants.ts";
import { verdictsOf } from "./verdict.ts";

/**
 * `pnpm bench:ingest`: CPU per span, throughput, latency of the durable ack and memory, interleaved with
 * floors and baselines in one run, and at its end what is asked and whether it is met. Only ratios within a
 * run mean anything.
 *
 *   --only TEXT          variants whose name contains TEXT
 *   --servers A,B        only these servers
 *   --rounds N           rounds per variant (default 2)
 *   --seconds N          length of a round (default 2; at 100 x 512 a second, 8)
 *   --no-stages          leave out where the time goes
 *   --against REVISION   only this collector and the one of an earlier revision: what a change costs
 */

const DEFAULT_PLAN = { rounds: 2, seconds: 2 } as const;
/** A percentile of 1 in 100 needs many hundred requests, and memory time to grow. */
const STEADY_PLAN = { rounds: 3, seconds: 8 } as const;
/** Of a server that has not run before in this run, and of one that has. */
const FIRST_WARM_UP_SECONDS = 5;
const WARM_UP_SECONDS = 1;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

function planOf(variant: Variant, warm: ReadonlySet<ServerName>): Plan {
  const plan = variant === STEADY ? STEADY_PLAN : DEFAULT_PLAN;
  return {
    rounds: Number(option("rounds") ?? plan.rounds),
    seconds: Number(option("seconds") ?? plan.seconds),
    warmUpSeconds: (server) => (warm.has(server) ? WARM_UP_SECONDS : FIRST_WARM_UP_SECONDS),
  };
}

async function start(folder: string, earlierMain: string | undefined): Promise<Server[]> {
  if (earlierMain !== undefined) return await startBoth(folder, earlierMain);
  const names = option("servers")?.split(",");
  return await startServers(
    { folder, goFolder: join(tmpdir(), "lensai-bench-otelcol") },
    (name) => names === undefined || names.includes(name),
  );
}

async function main(): Promise<void> {
  if (!process.argv.includes("--no-stages")) printStages();
  const folder = mkdtempSync(join(tmpdir(), "lensai-bench-"));
  const revision = option("against");
  const earlier = revision === undefined ? undefined : checkOut(revision, folder);
  const servers = await start(folder, earlier?.main);
  const results = new Map<Variant, Results>();
  const warm = new Set<ServerName>();
  try {
    for (const [number, variant] of VARIANTS.entries()) {
      if (!variant.name.includes(option("only") ?? "")) continue;
      const concerned = servers.filter(({ name }) => concerns(variant, name));
      const measured = await runVariant(variant, concerned, { ...planOf(variant, warm), number });
      for (const { name } of concerned) warm.add(name);
      results.set(variant, measured);
      printResults(variant, measured);
    }
    printVerdicts(verdictsOf(results));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    earlier?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
