import type { BudgetTerms } from "@lensai/otel-config/control/budgets";
import { describe, expect, test } from "vitest";
import { admit, settle, topUp } from "../../src/guard/admission.ts";
import type { AdmissionDecision } from "../../src/guard/admission.ts";
import { Budget } from "../../src/guard/budget.ts";
import { Guard } from "../../src/guard/guard.ts";
import { Hold } from "../../src/guard/hold.ts";
import type { CallEstimate } from "../../src/guard/hold.ts";
import type { LeaseHolder } from "../../src/guard/lease-source.ts";
import { LocalLeases } from "../../src/guard/local-leases.ts";
import { PolicyBook } from "../../src/guard/policy-index.ts";
import type { PolicyIndex } from "../../src/guard/policy-index.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";
import {
  IN_THE_MONTH_MS,
  NEXT_MONTH_MS,
  budgetTerms,
  killSwitch,
  policyWith,
} from "../support/policies.ts";

const costing = (amountNano: number | undefined, familyMaxNano?: number): CallEstimate => ({
  amountNano,
  incurredNano: 0,
  incurredNanoAtMost: 0,
  familyMaxNano: () => familyMaxNano,
});

/** Calls one after the other, all of whose reservations stay. */
interface Caller {
  readonly at: (ms: number) => void;
  readonly call: (
    amountNano: number | undefined,
    values?: ScopeValues,
    familyMaxNano?: number,
  ) => { readonly hold: Hold; readonly decision: AdmissionDecision };
}

function caller(index: PolicyIndex): Caller {
  let nowMs = IN_THE_MONTH_MS;
  return {
    at: (ms) => {
      nowMs = ms;
    },
    call: (amountNano, values = {}, familyMaxNano?) => {
      const hold = new Hold();
      const estimate = costing(amountNano, familyMaxNano);
      return { hold, decision: admit(index, { values, estimate, nowMs }, hold) };
    },
  };
}

const indexOf = (...budgets: BudgetTerms[]): PolicyIndex =>
  new PolicyBook(new LocalLeases()).index(policyWith({ budgets }));

describe("a budget", () => {
  test("admits to the last nano-dollar and nothing beyond", () => {
    const { call } = caller(indexOf(budgetTerms()));
    expect(call(999).decision).toBe("allowed");
    expect(call(2).decision).toBe("refused");
    expect(call(1).decision).toBe("allowed");
    expect(call(1).decision).toBe("refused");
  });

  test("gets back what a call did not need, and is charged what it needed beyond", () => {
    const { call } = caller(indexOf(budgetTerms()));
    settle(call(1000).hold, 400);
    expect(call(601).decision).toBe("refused");
    settle(call(600).hold, 650);
    expect(call(0).decision).toBe("refused");
  });

  test("is settled once", () => {
    const { call } = caller(indexOf(budgetTerms()));
    const { hold } = call(600);
    settle(hold, 100);
    settle(hold, 100);
    expect(call(900).decision).toBe("allowed");
    expect(call(1).decision).toBe("refused");
  });

  test("keeps all that was reserved when nobody knows what the call cost", () => {
    const { call } = caller(indexOf(budgetTerms()));
    settle(call(600).hold, undefined);
    expect(call(401).decision).toBe("refused");
  });

  test("that only watches or warns refuses nothing, and is overdrawn", () => {
    const observing = caller(indexOf(budgetTerms({ mode: "observe" })));
    expect(observing.call(5000).decision).toBe("allowed");
    expect(observing.call(5000).decision).toBe("allowed");
    const warning = caller(indexOf(budgetTerms({ mode: "warn" })));
    expect(warning.call(1000).decision).toBe("allowed");
    expect(warning.call(1).decision).toBe("warned");
  });

  test("of no matching scope leaves a call unlimited", () => {
    const { call } = caller(indexOf(budgetTerms({ scope: { team: "support" } })));
    expect(call(5000, { team: "sales" }).decision).toBe("unlimited");
    expect(call(5000, { team: "support" }).decision).toBe("refused");
  });

  test("for each value gives every value the whole amount, and says nothing about calls without one", () => {
    const { call } = caller(indexOf(budgetTerms({ each: "user" })));
    expect(call(1000, { user: "ann" }).decision).toBe("allowed");
    expect(call(1000, { user: "bob" }).decision).toBe("allowed");
    expect(call(1, { user: "ann" }).decision).toBe("refused");
    expect(call(5000).decision).toBe("unlimited");
  });

  test("above nine million dollars is admitted from to its last nano-dollar", () => {
    const limit = 9_007_199_254_740_991n + 5n;
    const { call } = caller(indexOf(budgetTerms({ limitNanoUsd: String(limit) })));
    expect(call(Number.MAX_SAFE_INTEGER).decision).toBe("allowed");
    expect(call(5).decision).toBe("allowed");
    expect(call(1).decision).toBe("refused");
  });
});

test("all budgets of a call have room, or none is charged; the one with the least left is named", () => {
  const { call } = caller(
    indexOf(
      budgetTerms({ id: "team", scope: { team: "support" }, limitNanoUsd: "500" }),
      budgetTerms({ id: "user", scope: { user: "ann" }, limitNanoUsd: "300" }),
      budgetTerms({ id: "all" }),
    ),
  );
  const { decision, hold } = call(600, { team: "support", user: "ann" });
  expect(decision).toBe("refused");
  expect(hold.refusedBy?.budget.terms.id).toBe("user");
  expect(call(1000).decision).toBe("allowed");
});

test("a kill-switch is asked before any budget, and nothing is held", () => {
  const index = new PolicyBook(new LocalLeases()).index(
    policyWith({ budgets: [budgetTerms()], killSwitches: [killSwitch({ model: "gpt-4o*" })] }),
  );
  const { call } = caller(index);
  const killed = call(1000, { model: "gpt-4o-mini" });
  expect(killed.decision).toBe("killed");
  expect(killed.hold.killSwitch?.id).toBe("kill_1");
  expect(call(1000, { model: "gpt-4.1" }).decision).toBe("allowed");
});

describe("a call whose price nobody knows", () => {
  test("is refused where the budget says block, and the refusal says why", () => {
    const { decision, hold } = caller(indexOf(budgetTerms())).call(undefined, {}, 10);
    expect(decision).toBe("refused");
    expect(hold.isUnpriced).toBe(true);
  });

  test("costs what the dearest of its family does where the budget says so; without a family it is refused", () => {
    const { call } = caller(indexOf(budgetTerms({ unknownPrice: "assume_family_max" })));
    expect(call(undefined, {}, 700).decision).toBe("allowed");
    expect(call(undefined, {}, 301).decision).toBe("refused");
    expect(call(undefined).decision).toBe("refused");
  });

  test("passes for nothing where the budget says allow", () => {
    const { call } = caller(indexOf(budgetTerms({ unknownPrice: "allow" })));
    expect(call(undefined).decision).toBe("allowed");
    expect(call(1000).decision).toBe("allowed");
  });

  test("is refused by an observing budget never", () => {
    expect(caller(indexOf(budgetTerms({ mode: "observe" }))).call(undefined).decision).toBe(
      "allowed",
    );
  });
});

describe("the period of a budget", () => {
  test("starts anew when it is over, and calls of before are settled with the old one", () => {
    const user = caller(indexOf(budgetTerms()));
    const { hold } = user.call(1000);
    user.at(NEXT_MONTH_MS - 1);
    expect(user.call(1).decision).toBe("refused");
    user.at(NEXT_MONTH_MS);
    expect(user.call(900).decision).toBe("allowed");
    settle(hold, 0);
    expect(user.call(101).decision).toBe("refused");
    expect(user.call(100).decision).toBe("allowed");
  });

  test("is not started a second time by a clock that was set back", () => {
    const user = caller(indexOf(budgetTerms()));
    user.at(NEXT_MONTH_MS);
    expect(user.call(1000).decision).toBe("allowed");
    for (const ms of [IN_THE_MONTH_MS, NEXT_MONTH_MS - 1, NEXT_MONTH_MS]) {
      user.at(ms);
      expect(user.call(1).decision).toBe("refused");
    }
    const times = [2_000, 1_000, 3_000];
    const guard = new Guard({ nowMs: () => times.shift() ?? 0 });
    // Neither does a lease last longer.
    expect([guard.nowMs(), guard.nowMs(), guard.nowMs()]).toEqual([2_000, 2_000, 3_000]);
  });

  test("that a later policy brings under its own name is not started a second time", () => {
    const book = new PolicyBook(new LocalLeases());
    const user = caller(book.index(policyWith({ budgets: [budgetTerms()] })));
    user.at(NEXT_MONTH_MS);
    expect(user.call(1000).decision).toBe("allowed");
    for (const months of [
      ["2026-11", "2026-12"],
      ["2026-12", "2027-01"],
    ]) {
      const [periodStartsAt, resetsAt] = months.map((month) => `${month}-01T00:00:00Z`) as [
        string,
        string,
      ];
      const later = caller(
        book.index(policyWith({ budgets: [budgetTerms({ periodStartsAt, resetsAt })] })),
      );
      later.at(NEXT_MONTH_MS);
      expect(later.call(1).decision).toBe("refused");
    }
  });
});

const minute = (count: number): number => Date.parse("2026-11-24T12:00:30Z") + count * 60_000;

test("a rolling window counts what its earlier slices spent, until they have left it", () => {
  const user = caller(
    indexOf(
      budgetTerms({
        periodStartsAt: "2026-11-24T12:00:00Z",
        resetsAt: "2026-11-24T12:01:00Z",
        windowMs: 120_000,
      }),
    ),
  );
  user.at(minute(0));
  settle(user.call(600).hold, 550);
  user.at(minute(1));
  expect(user.call(451).decision).toBe("refused");
  settle(user.call(450).hold, 400);
  user.at(minute(2));
  expect(user.call(51).decision).toBe("refused");
  user.at(minute(3));
  expect(user.call(601).decision).toBe("refused");
  expect(user.call(600).decision).toBe("allowed");
});

describe("a changed policy", () => {
  test("keeps what was spent and held, also of a budget that was gone in between", () => {
    const book = new PolicyBook(new LocalLeases());
    const budgets = [budgetTerms()];
    const first = caller(book.index(policyWith({ budgets })));
    settle(first.call(400).hold, 400);
    const { hold } = first.call(300);
    book.index(policyWith({}));
    const { call } = caller(book.index(policyWith({ budgets })));
    expect(call(301).decision).toBe("refused");
    settle(hold, 0);
    expect(call(600).decision).toBe("allowed");
  });

  test("raises and lowers the limit of the period that runs", () => {
    const book = new PolicyBook(new LocalLeases());
    const limited = (limitNanoUsd: string) =>
      caller(book.index(policyWith({ budgets: [budgetTerms({ limitNanoUsd })] })));
    const { hold } = limited("1000").call(800);
    expect(limited("1500").call(701).decision).toBe("refused");
    expect(limited("1500").call(600).decision).toBe("allowed");
    expect(limited("1000").call(1).decision).toBe("refused");
    settle(hold, 0);
    const { call } = limited("1000");
    expect(call(401).decision).toBe("refused");
    expect(call(400).decision).toBe("allowed");
  });
});

test("a running call reserves more from all of its budgets or from none", () => {
  const index = indexOf(
    budgetTerms({ id: "wide" }),
    budgetTerms({ id: "narrow", scope: { user: "ann" }, limitNanoUsd: "500" }),
  );
  const { call } = caller(index);
  const { hold } = call(300, { user: "ann" });
  expect(topUp(hold, 200, IN_THE_MONTH_MS)).toBe(true);
  expect(topUp(hold, 1, IN_THE_MONTH_MS)).toBe(false);
  expect(hold.refusedBy?.budget.terms.id).toBe("narrow");
  expect(call(500).decision).toBe("allowed");
  expect(call(1).decision).toBe("refused");
  settle(hold, 500);
  expect(call(1).decision).toBe("refused");
});

test("what a call may have cost beyond its charge is kept beside it, and nothing where nobody knows more", () => {
  const { call } = caller(indexOf(budgetTerms()));
  settle(call(600).hold, 300, 450);
  settle(call(100).hold, 100);
  const { hold } = call(50);
  settle(hold, undefined);
  expect(hold.charges[0]?.account.figures).toMatchObject({ spentNano: 450, uncertainNano: 150 });
});

test("a new name on every call does not bring a new budget with every call", () => {
  const accountsMax = 100;
  const budget = new Budget(budgetTerms({ each: "user" }), new LocalLeases(), accountsMax);
  for (let user = 0; user < accountsMax; user += 1) {
    budget.accountOf({ user: `user-${user}` }, IN_THE_MONTH_MS);
  }
  const overflow = ["x", "y"].map((user) => budget.accountOf({ user }, IN_THE_MONTH_MS));
  expect(overflow[0]).toBe(overflow[1]);
  expect(budget.accountOf({ user: "user-1" }, IN_THE_MONTH_MS)).not.toBe(overflow[0]);
});

test("a call that cannot wait for the first answer of the ledger is charged and marked; the next is held to it", () => {
  const holders: LeaseHolder[] = [];
  const source = {
    ask: (holder: LeaseHolder) => void holders.push(holder),
    changed() {},
    close() {},
  };
  const index = new PolicyBook(source).index(policyWith({ budgets: [budgetTerms()] }));
  const decide = (amountNano: number, canWait: boolean, hold = new Hold()) => ({
    hold,
    decision: admit(
      index,
      { values: {}, estimate: costing(amountNano), nowMs: IN_THE_MONTH_MS, canWait },
      hold,
    ),
  });
  expect(decide(600, true).decision).toBe("refused");
  expect(decide(600, false).decision).toBe("warned");
  const lease = {
    id: "l1",
    grantedNano: 1_000,
    expiresAtMs: Infinity,
    lowWaterNano: 0,
    tellAtNano: Infinity,
    freeNano: 0,
    lentNano: 0,
  };
  holders[0]?.receive({ kind: "lease", lease, retryAtMs: Infinity });
  expect(decide(401, false).decision).toBe("refused");
  expect(decide(400, false).decision).toBe("allowed");
});

test("a ledger that cannot be reached is no reason to let calls pass that cannot wait", () => {
  const holders: LeaseHolder[] = [];
  const source = {
    ask: (holder: LeaseHolder) => void holders.push(holder),
    changed() {},
    close() {},
  };
  const index = new PolicyBook(source).index(policyWith({ budgets: [budgetTerms()] }));
  const decide = () => {
    const call = { values: {}, estimate: costing(1), nowMs: IN_THE_MONTH_MS, canWait: false };
    return admit(index, call, new Hold());
  };
  expect(decide()).toBe("warned");
  const silence = { sinceMs: IN_THE_MONTH_MS, retryAtMs: IN_THE_MONTH_MS };
  holders[0]?.receive({ kind: "unreachable", ...silence });
  expect([decide(), decide()]).toEqual(["refused", "refused"]);
});
