import { formatUsd } from "@lensai/otel-config/money";
import { expect, test } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import type { Lease, LeaseAnswer } from "../../src/guard/lease-source.ts";
import { budgetRefusal } from "../../src/guard/make-refusal.ts";
import { Hold } from "../../src/guard/hold.ts";
import { PolicyBook } from "../../src/guard/policy-index.ts";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";

const CENT = 10_000_000;

/** The refusal of a call that needs so much, by a budget whose ledger has answered this, one after the other. */
function refusalAfter(answers: LeaseAnswer | LeaseAnswer[], needNano: number, reservedNano = 0) {
  const source = {
    ask: (holder: { receive(answer: LeaseAnswer): void }) => {
      for (const answer of [answers].flat()) holder.receive(answer);
    },
    changed() {},
    close() {},
  };
  const terms = budgetTerms({ limitNanoUsd: String(100 * CENT) });
  const { budgets } = new PolicyBook(source).index(policyWith({ budgets: [terms] }));
  const hold = new Hold();
  budgets.match({}, hold.matched);
  const budget = hold.matched[0];
  const account = budget?.accountOf({}, IN_THE_MONTH_MS);
  if (budget === undefined || !(account instanceof BudgetAccount)) throw new Error("no budget");
  account.hasRoom(needNano, IN_THE_MONTH_MS);
  if (reservedNano > 0) account.reserve(reservedNano, 0);
  hold.add(budget, account, needNano);
  hold.refusedBy = hold.charges[0];
  return budgetRefusal(hold, { needNano, isCutOff: false }).refusal;
}

const leased = (lease: Partial<Lease>): LeaseAnswer => ({
  kind: "lease",
  lease: {
    id: "l1",
    grantedNano: 0,
    expiresAtMs: Infinity,
    lowWaterNano: 0,
    tellAtNano: Infinity,
    freeNano: 0,
    lentNano: 0,
    ...lease,
  },
  retryAtMs: Infinity,
});

test("a refusal tells of the whole budget, and not of what the process was lent", () => {
  const lease = { grantedNano: CENT, freeNano: 2 * CENT, lentNano: CENT };
  const refusal = refusalAfter(leased(lease), 5 * CENT);
  expect(refusal).toMatchObject({
    cause: "spent",
    remainingNanoUsd: BigInt(3 * CENT),
    heldNanoUsd: BigInt(CENT),
  });
  expect(refusal.message).toContain("$0.03 of $1.00 is left, and the call may cost $0.05");
});

test("what others hold, and calls of the process, may come back: the call can be tried again", () => {
  const lease = { grantedNano: 3 * CENT, freeNano: CENT, lentNano: 40 * CENT };
  const refusal = refusalAfter(leased(lease), 43 * CENT, 2 * CENT);
  expect(refusal).toMatchObject({
    cause: "held",
    remainingNanoUsd: BigInt(2 * CENT),
    heldNanoUsd: BigInt(42 * CENT),
  });
  expect(refusal.message).toContain("$0.42 is held by calls that run and may come back");
  expect(refusalAfter(leased(lease), 44 * CENT + 1, 2 * CENT).cause).toBe("spent");
  // Calls that are only warned of hold more than there is: it does not come back.
  expect(refusalAfter(leased(lease), 45 * CENT, 90 * CENT).cause).toBe("spent");
});

test("of a ledger that is silent nobody knows what is left of the budget", () => {
  const silent = { kind: "unreachable", sinceMs: 0, retryAtMs: Infinity } as const;
  const refusal = refusalAfter(silent, CENT);
  expect(refusal).toMatchObject({ cause: "ledger_silent", remainingNanoUsd: 0n });
  expect(refusal.message).toContain(
    `its ledger does not answer, ${formatUsd(0n)} is left of what this process was lent`,
  );
});

test("a lease that has ended has nothing left that may be used, whatever it says", () => {
  const ended = leased({ grantedNano: 3 * CENT, expiresAtMs: 0 });
  const silent = { kind: "unreachable", sinceMs: 0, retryAtMs: Infinity } as const;
  const refusal = refusalAfter([ended, silent], CENT);
  expect(refusal).toMatchObject({ cause: "ledger_silent", remainingNanoUsd: BigInt(3 * CENT) });
  expect(refusal.message).toContain(
    "its ledger does not answer, and without it what this process was lent may not be used any more",
  );
});
