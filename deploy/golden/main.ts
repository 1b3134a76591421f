// Is the total cost of seeded data what an independent computation says? npx pnpm@12 golden
import { formatUsd } from "@lensai/otel-config/money";
import { PROJECTS } from "../seed/projects.ts";
import type { TrafficPlan } from "../seed/traffic.ts";
import { disagreements, runGolden } from "./run-golden.ts";

/** A month of a busy team: enough for every model, cache write and failure of the catalogue. */
const PLAN: TrafficPlan = {
  seed: "golden",
  projects: PROJECTS,
  days: 30,
  spansPerDay: 2000,
  untilMs: Date.UTC(2026, 10, 20, 13, 30),
};

const result = await runGolden(PLAN);
const { lake, slow } = result;
process.stdout.write(
  [
    `rows of Parquet      ${slow.rows}`,
    `model calls          ${slow.calls}, of these priced ${slow.pricedCalls}`,
    `total by the check   ${slow.costNanoUsd} nano-USD (${formatUsd(slow.costNanoUsd)})`,
    `total in the lake    ${lake.costNanoUsd} nano-USD (${formatUsd(lake.costNanoUsd)})`,
    "",
  ].join("\n"),
);
const wrong = disagreements(result);
process.stdout.write(
  wrong.length === 0 ? "equal to the nano-dollar\n" : `DIFFERENT\n${wrong.join("\n")}\n`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
