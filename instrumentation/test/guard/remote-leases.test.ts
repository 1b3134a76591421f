import type { LeaseAnswer, LeaseGrant, LeaseRequest } from "@lensai/otel-config/control/leases";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import { RemoteLeases } from "../../src/guard/remote-leases.ts";

const START_MS = Date.parse("2026-11-24T12:00:00Z");
const PERIOD_MS = Date.parse("2026-11-01T00:00:00Z");
const RENEWAL_MS = 4_000;
const TTL_MS = 15_000;

/** A ledger that grants what is wanted while it has it, and keeps what it was told. */
class Ledger {
  readonly requests: LeaseRequest[] = [];
  isGone = false;
  free = 1_000_000_000;
  keepNano = Infinity;
  readonly granted = new Map<string, number>();

  exchange = async (request: LeaseRequest): Promise<LeaseAnswer> => {
    this.requests.push(request);
    if (this.isGone) throw new Error("nobody answers");
    const leases = request.leases.map((report): LeaseGrant => {
      const used = Number(report.spentNanoUsd) + Number(report.reservedNanoUsd);
      const idle = Number(report.grantedNanoUsd) - used;
      const need = Math.max(Number(report.needNanoUsd), Number(report.wantNanoUsd));
      const more = Math.min(Math.max(0, need - idle), this.free);
      this.free -= more;
      const granted = Number(report.grantedNanoUsd) + more;
      this.granted.set(report.leaseId, granted);
      return {
        leaseId: report.leaseId,
        state: idle + more >= Number(report.needNanoUsd) ? "granted" : "exhausted",
        grantedNanoUsd: String(granted),
        keepNanoUsd: String(Math.min(this.keepNano, idle + more)),
        ttlMs: TTL_MS,
        retryAfterMs: 0,
      };
    });
    return { leases, nowUnixMs: Date.now() };
  };

  get last() {
    return this.requests.at(-1)?.leases ?? [];
  }
}

let ledger: Ledger;
let leases: RemoteLeases;

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  ledger = new Ledger();
  leases = new RemoteLeases({
    instanceId: "instance-1",
    exchange: (request) => ledger.exchange(request),
    nowMs: Date.now,
    renewalIntervalMs: RENEWAL_MS,
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const accountOf = (value?: string): BudgetAccount =>
  new BudgetAccount(
    { budgetId: "bud_1", value, periodStartMs: PERIOD_MS },
    {
      limitNanoUsd: 10n ** 12n,
      failMode: "spend_lease_then_closed",
      isEnforced: true,
      takesWorst: false,
    },
    leases,
  );

const none = { grantedNanoUsd: "", spentNanoUsd: "", incurredNanoUsd: "" };

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test("accounts that ask in the same turn ask together, and steady calls ask nobody", async () => {
  const [one, other] = [accountOf("ann"), accountOf("bob")];
  expect([one.hasRoom(10, START_MS), other.hasRoom(10, START_MS)]).toEqual([false, false]);
  await settled();
  expect(ledger.requests).toHaveLength(1);
  expect(ledger.last).toMatchObject([
    { leaseId: "instance-1.1", value: "ann", periodStartsAt: "2026-11-01T00:00:00.000Z" },
    { leaseId: "instance-1.2", value: "bob" },
  ]);
  for (let call = 0; call < 1_000; call += 1) {
    expect(one.hasRoom(10, START_MS)).toBe(true);
    one.reserve(10, 1);
    one.settle(10, 1, 4);
  }
  await settled();
  expect(ledger.requests).toHaveLength(1);
});

test("what was spent is told with every renewal, from the beginning of the lease", async () => {
  const account = accountOf();
  account.hasRoom(10, START_MS);
  await settled();
  account.reserve(100, 30);
  account.settle(100, 30, 60);
  account.reserve(50, 20);
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last).toMatchObject([
    { spentNanoUsd: "60", reservedNanoUsd: "50", isFinal: false },
  ]);
  expect(ledger.requests.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

test("what it comes to if this is the last word has half of what came about since the one before in it", async () => {
  const account = accountOf();
  account.hasRoom(10, START_MS);
  await settled();
  account.reserve(100, 30);
  account.incur(5);
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ incurredNanoUsd: "53" }]);
  // Nothing has: what runs is all.
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ incurredNanoUsd: "35" }]);
  account.settle(100, 35, 40);
  account.reserve(20_000_000 - 50, 15_000_000);
  await settled();
  // Never more than it could spend.
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  const [{ grantedNanoUsd, spentNanoUsd, incurredNanoUsd } = none] = ledger.last;
  expect(Number(incurredNanoUsd)).toBe(Number(grantedNanoUsd) - Number(spentNanoUsd));
});

test("the ledger is told at once when a thousandth of the limit is gone, and expects no more than half of that untold", async () => {
  const account = accountOf();
  ledger.free = 10 ** 12;
  account.hasRoom(10 ** 10, START_MS);
  await settled();
  account.reserve(2 * 10 ** 9, 10 ** 9 - 1);
  await settled();
  expect(ledger.requests).toHaveLength(1);
  account.incur(1);
  await settled();
  expect(ledger.requests).toHaveLength(2);
  expect(ledger.last).toMatchObject([{ incurredNanoUsd: String(1.5 * 10 ** 9) }]);
  account.settle(2 * 10 ** 9, 10 ** 9, 2 * 10 ** 9 - 1);
  await settled();
  expect(ledger.requests).toHaveLength(2);
  const watched = new BudgetAccount(
    { budgetId: "bud_2", value: undefined, periodStartMs: PERIOD_MS },
    { ...account.terms, isEnforced: false },
    leases,
  );
  watched.hasRoom(10 ** 10, START_MS);
  await settled();
  watched.reserve(5 * 10 ** 9, 5 * 10 ** 9);
  await settled();
  expect(ledger.requests).toHaveLength(3);
});

test("what a call needs is told, and what it needs at least, until there is an answer", async () => {
  const account = accountOf();
  account.hasRoom(100, START_MS, { leastNano: 40 });
  await settled();
  expect(ledger.last).toMatchObject([{ needNanoUsd: "100", leastNanoUsd: "40" }]);
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last[0]).not.toHaveProperty("leastNanoUsd");
  account.hasRoom(10 ** 11, START_MS);
  await settled();
  expect(ledger.last[0]).not.toHaveProperty("leastNanoUsd");
});

test("as much as streams hold is wanted ahead, since they may need it", async () => {
  const account = accountOf();
  account.hasRoom(10 ** 8, START_MS);
  await settled();
  account.reserve(10 ** 8, 0);
  account.grow(10 ** 8);
  await vi.advanceTimersByTimeAsync(4 * RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ wantNanoUsd: String(10 ** 8) }]);
  account.settle(10 ** 8, 0, 10);
  account.grow(-(10 ** 8));
  await vi.advanceTimersByTimeAsync(4 * RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ wantNanoUsd: String(20_000_000) }]);
});

test("what is spent during four renewals is wanted ahead, so that a ledger which is gone for a while stops nobody", async () => {
  const account = accountOf();
  account.hasRoom(10 ** 8, START_MS);
  await settled();
  account.reserve(10 ** 8, 0);
  account.settle(10 ** 8, 0, 10 ** 8);
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ wantNanoUsd: String(4 * 10 ** 8) }]);
  for (let times = 0; times < 6; times += 1) await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(ledger.last).toMatchObject([{ wantNanoUsd: String(20_000_000) }]);
});

test("what the ledger does not let it keep is not used any longer, and told to be given back", async () => {
  const account = accountOf();
  account.hasRoom(10, START_MS);
  await settled();
  ledger.keepNano = 100;
  await vi.advanceTimersByTimeAsync(RENEWAL_MS);
  expect(account.availableNano).toBe(100);
  await settled();
  expect(ledger.last).toMatchObject([{ grantedNanoUsd: "100" }]);
});

describe("when the ledger is gone", () => {
  test("a lease is used to its end, which a clock that is set back does not put off", async () => {
    const account = accountOf();
    account.hasRoom(10, START_MS);
    await settled();
    ledger.isGone = true;
    await vi.advanceTimersByTimeAsync(TTL_MS - 1_000);
    expect(account.hasRoom(10, Date.now())).toBe(true);
    vi.setSystemTime(START_MS - 3_600_000);
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    expect(account.hasRoom(10, Date.now())).toBe(false);
  });

  test("it is asked again, and everything that it missed is in the next request", async () => {
    const account = accountOf();
    account.hasRoom(10, START_MS);
    await settled();
    ledger.isGone = true;
    account.reserve(10, 0);
    account.settle(10, 0, 7);
    await vi.advanceTimersByTimeAsync(3 * RENEWAL_MS);
    ledger.isGone = false;
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    expect(ledger.last).toMatchObject([{ spentNanoUsd: "7" }]);
    expect(account.hasRoom(10, Date.now())).toBe(true);
  });

  test("it is waited for as long as it can be restarting, from the first question that it did not answer", async () => {
    const account = accountOf();
    const mayWait = () => {
      account.hasRoom(10, Date.now());
      return account.mayGetMore(Date.now());
    };
    ledger.isGone = true;
    const waits: boolean[] = [];
    for (let second = 0; second < 20; second += 1) {
      mayWait();
      await settled();
      waits.push(mayWait());
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(waits.lastIndexOf(true)).toBe(9);
    expect(waits.indexOf(false)).toBe(10);
    ledger.isGone = false;
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    ledger.isGone = true;
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    account.hasRoom(Infinity, Date.now());
    expect(account.mayGetMore(Date.now())).toBe(true);
  });
});

describe("a lease ends", () => {
  test("of a value that no call was made for, and another one begins with the next call", async () => {
    const account = accountOf("ann");
    account.hasRoom(10, START_MS);
    await settled();
    account.reserve(10, 0);
    account.settle(10, 0, 8);
    await vi.advanceTimersByTimeAsync(4 * RENEWAL_MS);
    expect(ledger.last).toMatchObject([
      { leaseId: "instance-1.1", isFinal: true, grantedNanoUsd: "8", spentNanoUsd: "8" },
    ]);
    expect(account.hasRoom(10, Date.now())).toBe(false);
    await settled();
    expect(ledger.last).toMatchObject([{ leaseId: "instance-1.2", spentNanoUsd: "0" }]);
    expect(account.hasRoom(10, Date.now())).toBe(true);
  });

  test("of a period that is over, when its last call has ended, and not before", async () => {
    const account = accountOf();
    account.hasRoom(10, START_MS);
    await settled();
    account.reserve(10, 0);
    account.close();
    await settled();
    expect(ledger.last).toMatchObject([{ isFinal: false, wantNanoUsd: "0" }]);
    account.settle(10, 0, 9);
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    expect(ledger.last).toMatchObject([{ isFinal: true, spentNanoUsd: "9" }]);
  });

  test("with the process; what could not be told is told again while there is time", async () => {
    const account = accountOf();
    account.hasRoom(10, START_MS);
    await settled();
    account.reserve(10, 0);
    account.settle(10, 0, 5);
    await leases.giveBack();
    expect(ledger.last).toMatchObject([{ isFinal: true, grantedNanoUsd: "5", spentNanoUsd: "5" }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
