import { describe, expect, test } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import type { AccountTerms } from "../../src/guard/budget-account.ts";
import type { LeaseAnswer, LeaseQuestion, LeaseSource } from "../../src/guard/lease-source.ts";

const NOW_MS = 1_000_000;
const KEY = { budgetId: "bud_1", value: undefined, periodStartMs: 0 };

/** A ledger far away: answers when the test says, and keeps what it was told. */
function remoteLedger() {
  const questions: LeaseQuestion[] = [];
  const returned: [leaseId: string, unusedNano: number][] = [];
  let answer: ((answer: LeaseAnswer) => void) | undefined;
  const source: LeaseSource = {
    request(question, then) {
      questions.push(question);
      answer = then;
    },
    giveBack: (_, leaseId, unusedNano) => void returned.push([leaseId, unusedNano]),
    close: () => {},
  };
  return {
    source,
    questions,
    returned,
    grant: (amountNano: number, { id = "l1", expiresAtMs = NOW_MS + 5_000, epoch = 1 } = {}) =>
      answer?.({ kind: "granted", lease: { id, amountNano, expiresAtMs, epoch } }),
    say: (kind: "exhausted" | "unreachable") => answer?.({ kind, retryAtMs: NOW_MS + 1_000 }),
  };
}

function accountOf(
  source: LeaseSource,
  failMode: AccountTerms["failMode"] = "spend_lease_then_closed",
) {
  return new BudgetAccount(KEY, { limitNanoUsd: 1_000n, failMode }, source);
}

describe("a lease", () => {
  test("is asked for once, however many calls wait for it, and asked for again when it is used up", () => {
    const ledger = remoteLedger();
    const account = accountOf(ledger.source);
    expect(account.hasRoom(10, NOW_MS)).toBe(false);
    expect(account.hasRoom(10, NOW_MS)).toBe(false);
    expect(ledger.questions).toHaveLength(1);
    ledger.grant(100);
    expect(account.hasRoom(100, NOW_MS)).toBe(true);
    account.reserve(100);
    expect(account.hasRoom(1, NOW_MS)).toBe(false);
    expect(ledger.questions).toHaveLength(2);
    ledger.grant(50);
    expect(account.hasRoom(50, NOW_MS)).toBe(true);
    expect(account.hasRoom(51, NOW_MS)).toBe(false);
  });

  test("holds until the moment it expires; then its rest goes back, and calls that run under it settle with the ledger", () => {
    const ledger = remoteLedger();
    const account = accountOf(ledger.source);
    account.hasRoom(10, NOW_MS);
    ledger.grant(100);
    account.reserve(60);
    expect(account.hasRoom(40, NOW_MS + 4_999)).toBe(true);
    expect(account.hasRoom(40, NOW_MS + 5_000)).toBe(false);
    account.settle(60, 45, "l1");
    expect(ledger.returned).toEqual([
      ["l1", 40],
      ["l1", 15],
    ]);
    expect(account.availableNano).toBe(0);
  });

  test("of an earlier epoch is void", () => {
    const ledger = remoteLedger();
    const account = accountOf(ledger.source);
    account.hasRoom(10, NOW_MS);
    ledger.grant(100, { epoch: 2 });
    account.reserve(100);
    account.hasRoom(10, NOW_MS);
    ledger.grant(500, { id: "old", epoch: 1 });
    expect(account.hasRoom(1, NOW_MS)).toBe(false);
  });

  test("with another name ends the one before", () => {
    const ledger = remoteLedger();
    const account = accountOf(ledger.source);
    account.hasRoom(10, NOW_MS);
    ledger.grant(100);
    account.hasRoom(150, NOW_MS);
    ledger.grant(150, { id: "l2" });
    expect(ledger.returned).toEqual([["l1", 100]]);
    expect(account.availableNano).toBe(150);
  });
});

test("an empty ledger is asked again when it says, not before", () => {
  const ledger = remoteLedger();
  const account = accountOf(ledger.source);
  account.hasRoom(10, NOW_MS);
  ledger.say("exhausted");
  account.hasRoom(10, NOW_MS + 999);
  expect(ledger.questions).toHaveLength(1);
  account.hasRoom(10, NOW_MS + 1_000);
  expect(ledger.questions).toHaveLength(2);
});

const unreachable = (failMode: AccountTerms["failMode"]) => {
  const ledger = remoteLedger();
  const account = accountOf(ledger.source, failMode);
  account.hasRoom(10, NOW_MS);
  ledger.grant(100);
  account.hasRoom(101, NOW_MS);
  ledger.say("unreachable");
  return { account, ledger };
};

describe("when the ledger cannot be reached", () => {
  test("closed refuses, whatever there is left", () => {
    expect(unreachable("closed").account.hasRoom(1, NOW_MS)).toBe(false);
  });

  test("spend_lease_then_closed goes on to the end of the lease", () => {
    const { account } = unreachable("spend_lease_then_closed");
    expect(account.hasRoom(100, NOW_MS)).toBe(true);
    expect(account.hasRoom(101, NOW_MS)).toBe(false);
    expect(account.hasRoom(1, NOW_MS + 5_000)).toBe(false);
  });

  test("open goes on", () => {
    expect(unreachable("open").account.hasRoom(1_000_000, NOW_MS)).toBe(true);
  });

  test("an answer that comes later ends it", () => {
    const { account, ledger } = unreachable("closed");
    account.hasRoom(1, NOW_MS + 1_000);
    ledger.grant(20);
    expect(account.hasRoom(120, NOW_MS + 1_000)).toBe(true);
  });
});

test("a source that throws is one that cannot be reached", () => {
  const source: LeaseSource = {
    request: () => {
      throw new RangeError("request");
    },
    giveBack: () => {
      throw new RangeError("giveBack");
    },
    close: () => {
      throw new RangeError("close");
    },
  };
  expect(accountOf(source, "open").hasRoom(1, NOW_MS)).toBe(true);
  const closed = accountOf(source);
  expect(closed.hasRoom(1, NOW_MS)).toBe(false);
  closed.reserve(10);
  closed.settle(10, 3, "gone");
  closed.close();
  expect(closed.state.spentNano).toBe(3);
});
