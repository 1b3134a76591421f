// What deciding about a call costs, before it is made: npx pnpm@12 bench:guard
import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import { admit, settle } from "../src/guard/admission.ts";
import { Estimator } from "../src/guard/estimator.ts";
import { Hold } from "../src/guard/hold.ts";
import { LocalLeases } from "../src/guard/local-leases.ts";
import { RemoteLeases } from "../src/guard/remote-leases.ts";
import { PolicyBook } from "../src/guard/policy-index.ts";
import type { PolicyIndex } from "../src/guard/policy-index.ts";
import { requestSizeOf } from "../src/guard/request-size.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";
import { recogniseCall } from "../src/wire/recognise-call.ts";

if (parseArgs({ options: HELP }).values.help) {
  const does =
    "What deciding about a call costs, before it is made, and the estimate that it is decided by.";
  console.log(commandHelp("bench:guard", does, HELP));
  process.exit();
}

const TENANTS = 10_000;
const WARM_UP = 50_000;
/** Decisions that are timed together: the clock takes as long as one of them. */
const BATCH = 100;
const BATCHES = 20_000;
const NOW_MS = Date.parse("2026-11-24T12:00:00Z");

const terms = {
  limitNanoUsd: "900000000000000",
  mode: "enforce",
  failMode: "spend_lease_then_closed",
  unknownPrice: "block",
  clamp: false,
  periodStartsAt: "2026-11-01T00:00:00Z",
  resetsAt: "2026-12-01T00:00:00Z",
};
const policy = parseControlPolicy({
  formatVersion: 1,
  version: 1,
  issuedAt: "2026-11-24T00:00:00Z",
  budgets: [
    { ...terms, id: "all", name: "all", scope: {} },
    { ...terms, id: "users", name: "users", scope: {}, each: "user" },
    { ...terms, id: "model", name: "model", scope: { model: "gpt-4o*", team: "support" } },
    ...Array.from({ length: TENANTS }, (_, index) => ({
      ...terms,
      id: `tenant-${index}`,
      name: `tenant-${index}`,
      scope: { tenant: `tenant-${index}` },
    })),
  ],
  killSwitches: [
    { id: "k1", scope: { model: "o1*" }, reason: "r", triggeredAt: "2026-11-24T00:00:00Z" },
    { id: "k2", scope: { user: "mallory" }, reason: "r", triggeredAt: "2026-11-24T00:00:00Z" },
  ],
});
const index = new PolicyBook(new LocalLeases()).index(policy);
/** Without those of single tenants: what is asked for stays in the processor's caches. */
const few = new PolicyBook(new LocalLeases()).index({
  ...policy,
  budgets: policy.budgets.slice(0, 3),
});
/** With leases of a ledger: what was granted is far more than is spent here, and asking is counted. */
let exchanges = 0;
const leased = new PolicyBook(
  new RemoteLeases({
    instanceId: "bench-instance",
    nowMs: () => NOW_MS,
    exchange: ({ leases }) => {
      exchanges += 1;
      const grants = leases.map(({ leaseId }) => ({
        leaseId,
        state: "granted" as const,
        grantedNanoUsd: "100000000000000",
        keepNanoUsd: "100000000000000",
        ttlMs: 600_000,
        retryAfterMs: 0,
      }));
      return Promise.resolve({ leases: grants, nowUnixMs: NOW_MS });
    },
  }),
).index({ ...policy, budgets: policy.budgets.slice(0, 3) });
const calls = Array.from({ length: 1024 }, (_, seed): ScopeValues => ({
  provider: "openai",
  model: seed % 2 === 0 ? "gpt-4o-mini" : "claude-sonnet-4-5",
  environment: "production",
  user: `user-${seed % 100}`,
  tenant: `tenant-${(seed * 7919) % TENANTS}`,
  team: "support",
}));
const hold = new Hold();
const estimate = {
  amountNano: 12_345,
  incurredNano: 345,
  incurredNanoAtMost: 345,
  familyMaxNano: () => undefined,
};

/** The least that a check can be: one look-up by a key that is there already, a comparison, two subtractions. */
const floor = new Map(calls.map((values) => [values.tenant, { left: 9e14, held: 0 }]));
function decideByOneLookUp(values: ScopeValues): boolean {
  const account = floor.get(values.tenant);
  if (account === undefined || account.left < 12_345) return false;
  account.left -= 12_345;
  account.held += 12_345;
  account.left += 1;
  account.held -= 12_345;
  return true;
}

/** One object for all calls: what is made here is not the decision's. */
const question = { values: calls[0] as ScopeValues, estimate, nowMs: NOW_MS };
function decide(values: ScopeValues, by: PolicyIndex = index): boolean {
  question.values = values;
  const decision = admit(by, question, hold);
  settle(hold, 1);
  return decision === "allowed";
}

const prompt = "You are a support agent. Answer the customer's question politely. ".repeat(30);
const body = JSON.stringify({
  model: "gpt-4o-mini",
  max_tokens: 500,
  messages: [
    { role: "system", content: prompt },
    { role: "user", content: "Where is my parcel?" },
  ],
});
const call = recogniseCall({
  method: "POST",
  url: new URL("https://api.openai.com/v1/chat/completions"),
  body,
});
if (call === undefined) throw new Error("the call is not recognised");
const estimator = new Estimator(createPriceBook());
const parsed = JSON.parse(body) as Record<string, unknown>;

function estimateOnce(): boolean {
  const size = requestSizeOf(call as NonNullable<typeof call>, parsed);
  const asked = { route: undefined, isMetered: false, nowMs: NOW_MS };
  return estimator.estimate(call as NonNullable<typeof call>, size, asked).amountNano !== undefined;
}

interface Timing {
  readonly p50Ns: number;
  readonly p99Ns: number;
}

function timed(run: (values: ScopeValues) => boolean, batches = BATCHES): Timing {
  for (let at = 0; at < WARM_UP; at += 1) run(calls[at % calls.length] as ScopeValues);
  const samples = new Float64Array(batches);
  for (let batch = 0; batch < batches; batch += 1) {
    const startNs = process.hrtime.bigint();
    for (let at = 0; at < BATCH; at += 1) {
      if (!run(calls[(batch * BATCH + at) % calls.length] as ScopeValues))
        throw new Error("a call was not allowed");
    }
    samples[batch] = Number(process.hrtime.bigint() - startNs) / BATCH;
  }
  samples.sort();
  return {
    p50Ns: samples[Math.floor(batches * 0.5)] as number,
    p99Ns: samples[Math.floor(batches * 0.99)] as number,
  };
}

/** The first calls ask, and find nothing yet. */
async function untilLeased(): Promise<void> {
  for (const values of calls) decide(values, leased);
  await new Promise((resolve) => setTimeout(resolve, 100));
}

await untilLeased();
const exchangesBefore = exchanges;
const rows: Record<string, Timing> = {
  "baseline: one Map look-up and a subtraction": timed(decideByOneLookUp),
  "decision: 2 kill-switches, 3 budgets, 2 or 3 of them the call's, settled": timed((values) =>
    decide(values, few),
  ),
  "the same from leases of a ledger": timed((values) => decide(values, leased)),
  "decision: 2 kill-switches, 10,003 budgets, 3 or 4 of them the call's, settled": timed((values) =>
    decide(values),
  ),
  "estimate of a request of 2 KB": timed(estimateOnce, BATCHES / 100),
};
const base = Object.values(rows)[0] as Timing;
console.table(
  Object.fromEntries(
    Object.entries(rows).map(([name, { p50Ns, p99Ns }]) => [
      name,
      {
        "p50 ns": Math.round(p50Ns),
        "p99 ns": Math.round(p99Ns),
        "x baseline": Number((p50Ns / base.p50Ns).toFixed(1)),
      },
    ]),
  ),
);

const before = process.memoryUsage().heapUsed;
const DECISIONS = 1_000_000;
globalThis.gc?.();
const start = process.memoryUsage().heapUsed;
for (let at = 0; at < DECISIONS; at += 1) decide(calls[at % calls.length] as ScopeValues, leased);
const grown = process.memoryUsage().heapUsed - start;
console.log(
  `heap after ${DECISIONS.toLocaleString("en")} decisions: ${(grown / DECISIONS).toFixed(2)} bytes per decision (${Math.round(before / 1e6)} MB before)`,
);
console.log(
  `questions to the ledger while ${(WARM_UP + BATCH * BATCHES).toLocaleString("en")} calls were decided: ${exchanges - exchangesBefore}`,
);
process.exit();
