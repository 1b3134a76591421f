import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import type { AccountTerms, Lease, LeaseSource } from "../../src/guard/lease-source.ts";

const NOW_MS = 1_000_000;
const TERMS = { limitNanoUsd: 1_000n, isEnforced: true, takesWorst: false };
const KEY = { budgetId: "bud_1", value: undefined, periodStartMs: 0 };

/** An account whose ledger answers when the test says. */
function remoteAccount(failMode: AccountTerms["failMode"] = "spend_lease_then_closed") {
  const needs: number[] = [];
  let told = 0;
  const source: LeaseSource = {
    ask: (_, { needNano }) => void needs.push(needNano),
    changed: () => void (told += 1),
    close: () => {},
  };
  const account = new BudgetAccount(KEY, { ...TERMS, failMode }, source);
  const grant = (grantedNano: number, lease: Partial<Lease> = {}, retryAtMs = -Infinity) =>
    account.receive({
      kind: "lease",
      lease: {
        id: "l1",
        grantedNano,
        expiresAtMs: NOW_MS + 5_000,
        lowWaterNano: 0,
        tellAtNano: Infinity,
        freeNano: 0,
        lentNano: 0,
        ...lease,
      },
      retryAtMs,
    });
  const lose = (sinceMs = NOW_MS, retryAtMs = NOW_MS + 4_000) =>
    account.receive({ kind: "unreachable", sinceMs, retryAtMs });
  return { account, needs, grant, lose, told: () => told };
}

describe("a lease", () => {
  test("is asked for once, however many calls wait for it, and asked for again when it is used up", () => {
    const { account, needs, grant } = remoteAccount();
    expect(account.hasRoom(10, NOW_MS)).toBe(false);
    expect(account.hasRoom(10, NOW_MS)).toBe(false);
    expect(needs).toEqual([10]);
    grant(100);
    expect(account.hasRoom(100, NOW_MS)).toBe(true);
    account.reserve(100, 0);
    expect(account.hasRoom(1, NOW_MS)).toBe(false);
    expect(needs).toEqual([10, 1]);
    grant(150);
    expect(account.hasRoom(50, NOW_MS)).toBe(true);
    expect(account.hasRoom(51, NOW_MS)).toBe(false);
  });

  test("is asked for before it is used up", () => {
    const { account, needs, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(100, { lowWaterNano: 50 });
    expect(account.hasRoom(50, NOW_MS)).toBe(true);
    expect(needs).toHaveLength(1);
    expect(account.hasRoom(51, NOW_MS)).toBe(true);
    expect(needs).toHaveLength(2);
  });

  test("holds until the moment it expires, and again when it is renewed", () => {
    const { account, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(100);
    account.reserve(60, 0);
    expect(account.hasRoom(40, NOW_MS + 4_999)).toBe(true);
    expect(account.hasRoom(40, NOW_MS + 5_000)).toBe(false);
    account.settle(60, 0, 45);
    grant(100, { expiresAtMs: NOW_MS + 9_000 });
    expect(account.hasRoom(55, NOW_MS + 5_000)).toBe(true);
    account.lapse();
    expect(account.hasRoom(1, NOW_MS)).toBe(false);
  });

  test("is available, reserved or spent, and an overdraft is taken off the next grant", () => {
    const { account, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(100);
    account.reserve(100, 30);
    account.settle(100, 30, 130);
    expect(account.availableNano).toBe(-30);
    grant(200);
    expect(account.availableNano).toBe(70);
    expect(account.figures).toEqual({
      grantedNano: 200,
      spentNano: 130,
      reservedNano: 0,
      growingNano: 0,
      incurredNano: 0,
      uncertainNano: 0,
    });
  });

  test("that is over leaves nothing to the next one", () => {
    const { account, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(100);
    account.reserve(40, 0);
    account.settle(40, 0, 40);
    account.release();
    expect(account.hasRoom(1, NOW_MS)).toBe(false);
    grant(20, { id: "l2" });
    expect([account.leaseId, account.availableNano]).toEqual(["l2", 20]);
  });
});

test("an answer is soon to come for half a second after the question, of a ledger that can be reached", () => {
  const { account, grant, lose } = remoteAccount();
  expect(account.isAnsweredSoon(NOW_MS)).toBe(false);
  account.hasRoom(10, NOW_MS);
  expect(account.isAnsweredSoon(NOW_MS + 499)).toBe(true);
  expect(account.isAnsweredSoon(NOW_MS + 500)).toBe(false);
  grant(5);
  expect(account.isAnsweredSoon(NOW_MS)).toBe(false);
  lose(NOW_MS, NOW_MS);
  account.hasRoom(10, NOW_MS);
  expect(account.isAsking).toBe(true);
  expect(account.isAnsweredSoon(NOW_MS)).toBe(false);
});

test("an empty ledger is asked again when it says, and before that only for less", () => {
  const { account, needs, grant } = remoteAccount();
  account.hasRoom(10, NOW_MS);
  grant(0, {}, NOW_MS + 1_000);
  account.hasRoom(10, NOW_MS + 999);
  expect(needs).toEqual([10]);
  account.hasRoom(9, NOW_MS + 999);
  expect(needs).toEqual([10, 9]);
  grant(0, {}, NOW_MS + 1_000);
  account.hasRoom(9, NOW_MS + 1_000);
  expect(needs).toEqual([10, 9, 9]);
});

test("who waits for an answer is told when it comes; without a question there is none", async () => {
  const { account, grant } = remoteAccount();
  expect(account.nextAnswer(NOW_MS)).toBeUndefined();
  account.hasRoom(10, NOW_MS);
  const [first, second] = [account.nextAnswer(NOW_MS), account.nextAnswer(NOW_MS)];
  grant(100);
  await first;
  await second;
  expect(account.nextAnswer(NOW_MS)).toBeUndefined();
});

describe("a call that can wait", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW_MS });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("waits for another question that is to be asked soon, with all the others", async () => {
    const { account, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(0, {}, NOW_MS + 500);
    expect(account.mayGetMore(NOW_MS)).toBe(true);
    const over = [overOf(account.nextAnswer(NOW_MS)), overOf(account.nextAnswer(NOW_MS))];
    await vi.advanceTimersByTimeAsync(499);
    expect(over.map((isOver) => isOver())).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(over.map((isOver) => isOver())).toEqual([true, true]);
  });

  test("waits no longer than until the ledger is heard again", async () => {
    const { account, grant } = unreachable("spend_lease_then_closed");
    const isOver = overOf(account.nextAnswer(NOW_MS));
    await vi.advanceTimersByTimeAsync(100);
    grant(200);
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("waits for a ledger that is silent for a short time, and for no other", () => {
    const { account, lose } = unreachable("spend_lease_then_closed");
    expect(account.nextAnswer(NOW_MS)).toBeDefined();
    lose(NOW_MS - 9_999);
    expect(account.nextAnswer(NOW_MS)).toBeDefined();
    expect(account.mayGetMore(NOW_MS)).toBe(true);
    lose(NOW_MS - 10_000);
    expect(account.nextAnswer(NOW_MS)).toBeUndefined();
    expect(account.mayGetMore(NOW_MS)).toBe(false);
  });

  test("does not where nothing will come back, nor where a budget is closed while nobody knows", () => {
    const { account, grant } = remoteAccount();
    account.hasRoom(10, NOW_MS);
    grant(0, {}, NOW_MS + 5_000);
    expect(account.nextAnswer(NOW_MS)).toBeUndefined();
    expect(account.mayGetMore(NOW_MS)).toBe(false);
    expect(unreachable("closed").account.nextAnswer(NOW_MS)).toBeUndefined();
    expect(unreachable("spend_lease_then_closed").account.nextAnswer(NOW_MS)).toBeDefined();
  });
});

/** Has the promise been fulfilled by now? */
function overOf(waiting: Promise<void> | undefined): () => boolean {
  let isOver = false;
  void waiting?.then(() => (isOver = true));
  return () => isOver;
}

test("the source is told once when so much is gone, and when it was gone before it was said", () => {
  const { account, grant, told } = remoteAccount();
  account.hasRoom(10, NOW_MS);
  grant(500, { tellAtNano: 100 });
  account.reserve(300, 60);
  account.incur(39);
  expect(told()).toBe(0);
  account.settle(300, 99, 100);
  account.reserve(300, 100);
  expect(told()).toBe(1);
  grant(500, { tellAtNano: 200 });
  expect(told()).toBe(2);
});

function unreachable(failMode: AccountTerms["failMode"]) {
  const remote = remoteAccount(failMode);
  remote.account.hasRoom(10, NOW_MS);
  remote.grant(100);
  remote.account.hasRoom(101, NOW_MS);
  remote.lose();
  return remote;
}

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

  test("what streams may need that run is not for a call that is to be made", () => {
    const { account, grant } = unreachable("spend_lease_then_closed");
    account.reserve(30, 0);
    account.grow(30);
    expect([account.hasRoom(40, NOW_MS), account.hasRoom(41, NOW_MS)]).toEqual([true, false]);
    expect([account.hasMore(70, NOW_MS), account.hasMore(71, NOW_MS)]).toEqual([true, false]);
    grant(100);
    expect(account.hasRoom(70, NOW_MS)).toBe(true);
    account.settle(30, 0, 10);
    account.grow(-30);
    expect(account.roomNano).toBe(90);
  });

  test("open goes on", () => {
    const { account } = unreachable("open");
    account.grow(1_000_000);
    expect(account.hasRoom(1_000_000, NOW_MS)).toBe(true);
  });

  test("an answer that comes later ends it", () => {
    const { account, grant } = unreachable("closed");
    account.hasRoom(1, NOW_MS + 4_000);
    grant(120);
    expect(account.hasRoom(120, NOW_MS + 4_000)).toBe(true);
  });
});

const broken = (): never => {
  throw new RangeError("broken");
};

test("a source that throws is one that cannot be reached", () => {
  const source: LeaseSource = { ask: broken, changed: broken, close: broken };
  const open = new BudgetAccount(KEY, { ...TERMS, failMode: "open" }, source);
  expect(open.hasRoom(1, NOW_MS)).toBe(true);
  const closed = new BudgetAccount(KEY, { ...TERMS, failMode: "closed" }, source);
  expect(closed.hasRoom(1, NOW_MS)).toBe(false);
  closed.changeTerms({ ...TERMS, limitNanoUsd: 2_000n, failMode: "closed" });
  closed.reserve(10, 0);
  closed.settle(10, 0, 3);
  closed.close();
  expect(closed.figures.spentNano).toBe(3);
});
