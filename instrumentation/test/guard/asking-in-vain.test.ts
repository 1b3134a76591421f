import { parseLeaseRequest } from "@lensai/otel-config/control/leases";
import type { LeaseAnswer, LeaseRequest } from "@lensai/otel-config/control/leases";
import { expect, test } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import { RemoteLeases } from "../../src/guard/remote-leases.ts";

const LIMIT_NANO_USD = 5_000_000_000n;
const CALL_NANO = 60_000_000;

/** A ledger of which nothing is left. */
const exhausted = ({ leases }: LeaseRequest): LeaseAnswer => ({
  nowUnixMs: 0,
  leases: leases.map(({ leaseId, grantedNanoUsd }) => ({
    leaseId,
    state: "exhausted",
    grantedNanoUsd,
    keepNanoUsd: "0",
    ttlMs: 30_000,
    retryAfterMs: 0,
  })),
});

test("asking in vain for a whole day never asks for more than the budget, in words that collectors take", async () => {
  const asked: LeaseRequest[] = [];
  const source = new RemoteLeases({
    instanceId: "instance-1",
    nowMs: () => 0,
    exchange: (request) => {
      asked.push(parseLeaseRequest(JSON.parse(JSON.stringify(request))));
      return Promise.resolve(exhausted(request));
    },
  });
  const key = { budgetId: "bud_1", value: undefined, periodStartMs: 0 };
  const terms = {
    limitNanoUsd: LIMIT_NANO_USD,
    failMode: "closed" as const,
    isEnforced: true,
    takesWorst: false,
  };
  const account = new BudgetAccount(key, terms, source);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    expect(account.hasRoom(CALL_NANO, 0)).toBe(false);
    await account.nextAnswer(0);
  }
  expect(asked.length).toBeGreaterThan(100);
  const wants = asked.flatMap(({ leases }) => leases.map((lease) => BigInt(lease.wantNanoUsd)));
  expect(wants.every((want) => want <= LIMIT_NANO_USD)).toBe(true);
  await source.giveBack();
});
