import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import { checkOut } from "./earlier-revision.ts";
import { runVariant } from "./measure.ts";
import type { Plan, Results } from "./measure.ts";
import { printMemoryByRound, printResults, printVerdicts } from "./report.ts";
import { startBoth, startServers } from "./servers.ts";
import type { Server, ServerName } from "./servers.ts";
import { printStages } from "./stages.ts";
import { LASTING, STEADY, VARIANTS, concerns } from "./variants.ts";
import type { Variant } from "./variants.ts";
import { verdictsOf } from "./verdict.ts";

const DOES = `CPU per span, throughput, latency of the durable ack and memory, interleaved with floors and baselines in
one run, and at its end what is asked and whether it is met. Only ratios within a run mean anything. It takes ten minutes.`;

const OPTIONS = {
  only: {
    type: "string",
    default: "",
    value: "TEXT",
    says: 'variants whose name contains TEXT; "memory by minute": five minutes of 100 x 512 a second',
  },
  servers: { type: "string", value: "A,B", says: "only these servers" },
  rounds: { type: "string", value: "N", says: "rounds per variant (2; at 100 x 512 a second, 3)" },
  seconds: { type: "string", value: "N", says: "length of a round (2; at 100 x 512 a second, 8)" },
  "no-stages": { type: "boolean", default: false, says: "leaves out where the time goes" },
  against: {
    type: "string",
    value: "REVISION",
    says: "only this collector and the one of an earlier revision: what a change costs",
  },
  ...HELP,
} as const;
const { values } = parseArgs({ options: OPTIONS });

const DEFAULT_PLAN = { rounds: 2, seconds: 2 } as const;
/** A percentile of 1 in 100 needs many hundred requests, and memory time to grow. */
const STEADY_PLAN = { rounds: 3, seconds: 8 } as const;
/** A round is a minute. */
const LASTING_PLAN = { rounds: 5, seconds: 60 } as const;
const PLANS = new Map<Variant, Pick<Plan, "rounds" | "seconds">>([
  [STEADY, STEADY_PLAN],
  [LASTING, LASTING_PLAN],
]);
/** Of a server that has not run before in this run, and of one that has. */
const FIRST_WARM_UP_SECONDS = 5;
const WARM_UP_SECONDS = 1;

/** The lasting one only by the beginning of its name, which no other has. */
function isAskedFor(variant: Variant): boolean {
  if (variant === LASTING) return values.only !== "" && variant.name.startsWith(values.only);
  return variant.name.includes(values.only);
}

function planOf(variant: Variant, warm: ReadonlySet<ServerName>): Plan {
  const plan = PLANS.get(variant) ?? DEFAULT_PLAN;
  return {
    rounds: Number(values.rounds ?? plan.rounds),
    seconds: Number(values.seconds ?? plan.seconds),
    warmUpSeconds: (server) => (warm.has(server) ? WARM_UP_SECONDS : FIRST_WARM_UP_SECONDS),
  };
}

async function start(folder: string, earlierMain: string | undefined): Promise<Server[]> {
  if (earlierMain !== undefined) return await startBoth(folder, earlierMain);
  const names = values.servers?.split(",");
  return await startServers(
    { folder, goFolder: join(tmpdir(), "lensai-bench-otelcol") },
    (name) => names === undefined || names.includes(name),
  );
}

async function main(): Promise<void> {
  if (!values["no-stages"]) printStages();
  const folder = mkdtempSync(join(tmpdir(), "lensai-bench-"));
  const revision = values.against;
  const earlier = revision === undefined ? undefined : checkOut(revision, folder);
  const servers = await start(folder, earlier?.main);
  const results = new Map<Variant, Results>();
  const warm = new Set<ServerName>();
  try {
    for (const [number, variant] of VARIANTS.entries()) {
      if (!isAskedFor(variant)) continue;
      const concerned = servers.filter(({ name }) => concerns(variant, name));
      const measured = await runVariant(variant, concerned, { ...planOf(variant, warm), number });
      for (const { name } of concerned) warm.add(name);
      results.set(variant, measured);
      printResults(variant, measured);
      if (variant === LASTING) printMemoryByRound(measured);
    }
    printVerdicts(verdictsOf(results));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    earlier?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(commandHelp("bench:ingest", DOES, OPTIONS));
else await main();
