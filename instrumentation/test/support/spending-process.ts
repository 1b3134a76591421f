// A process that holds a lease of which it has spent 700 of 1,000, with a call that runs, and waits for its end.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import { RemoteLeases } from "../../src/guard/remote-leases.ts";

const [folder = "", audience = "", terms = ""] = process.argv.slice(2);
const leases = new RemoteLeases({
  instanceId: "spending-process",
  nowMs: Date.now,
  journal: { folder, audience },
  exchange: async ({ leases: reports }) => ({
    nowUnixMs: Date.now(),
    leases: reports.map(({ leaseId }) => ({
      leaseId,
      state: "granted",
      grantedNanoUsd: "1000",
      keepNanoUsd: "1000",
      ttlMs: 15_000,
      retryAfterMs: 0,
    })),
  }),
});
const account = new BudgetAccount(
  { budgetId: "bud_1", value: undefined, periodStartMs: Date.parse("2026-11-01T00:00:00Z") },
  {
    limitNanoUsd: 1_000_000_000n,
    failMode: "spend_lease_then_closed",
    isEnforced: true,
    takesWorst: terms !== "",
  },
  leases,
);
account.hasRoom(500, Date.now());
await leases.answered();
account.reserve(500, 100);
account.settle(500, 100, 400);
account.reserve(400, 200);
account.incur(100);
/** Also keeps it alive. */
const looking = (): void => {
  if (existsSync(join(folder, "spending-process.json"))) process.stdout.write("spent\n");
};
setInterval(looking, 5);
