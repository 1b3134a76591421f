import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LeaseAnswer, LeaseRequest } from "@lensai/otel-config/control/leases";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BudgetAccount } from "../../src/guard/budget-account.ts";
import { LeaseJournal, LeftJournals } from "../../src/guard/lease-journal.ts";
import { RemoteLeases } from "../../src/guard/remote-leases.ts";

const SPENDING = join(import.meta.dirname, "../support/spending-process.ts");
const LAST_WORD: LeaseRequest = {
  instanceId: "spending-process",
  sequence: 2,
  leases: [
    {
      leaseId: "spending-process.1",
      budgetId: "bud_1",
      periodStartsAt: "2026-11-01T00:00:00.000Z",
      grantedNanoUsd: "700",
      spentNanoUsd: "700",
      reservedNanoUsd: "0",
      incurredNanoUsd: "0",
      uncertainNanoUsd: "100",
      needNanoUsd: "0",
      wantNanoUsd: "0",
      isFinal: true,
    },
  ],
};

const spent = (spentNanoUsd: string): LeaseRequest => ({
  ...LAST_WORD,
  leases: LAST_WORD.leases.map((lease) => ({ ...lease, spentNanoUsd })),
});

let root: string;
let place: { readonly folder: string; readonly audience: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lensai-journal-"));
  place = { folder: join(root, "leases"), audience: "shop" };
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

async function startSpending(terms = "") {
  const args = [SPENDING, place.folder, place.audience, terms];
  const child = spawn(process.execPath, ["--no-warnings", ...args]);
  await once(child.stdout, "data");
  return {
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

test("what a process that was killed has spent is found when its file has not changed for ten seconds, and not while it lives", async () => {
  const spending = await startSpending();
  const left = new LeftJournals(place);
  expect(await left.find("me", 0)).toEqual([]);
  expect(await left.find("me", 10_000)).toEqual([]);
  await spending.kill();
  expect(await new LeftJournals(place).find("me", 10_000)).toEqual([]);
  expect(await left.find("me", 10_000)).toEqual([LAST_WORD]);
  expect(await left.find("spending-process", 10_000)).toEqual([]);
  const others = new LeftJournals({ ...place, audience: "another key" });
  await others.find("me", 0);
  expect(await others.find("me", 10_000)).toEqual([]);
  await left.remove(LAST_WORD);
  expect(readdirSync(place.folder)).toEqual([]);
});

test("calls that ran come to the most that they can have come to where the budget is never to be overspent, and nothing is uncertain", async () => {
  const spending = await startSpending("never to be overspent");
  await spending.kill();
  const left = new LeftJournals(place);
  await left.find("me", 0);
  const [lastWord] = await left.find("me", 10_000);
  expect(lastWord?.leases).toMatchObject([{ spentNanoUsd: "700", uncertainNanoUsd: "0" }]);
});

test("what is written is whole whenever the process is killed: the write before counts, where the last one is torn", async () => {
  const words = [spent("1000"), spent("2"), spent("3000")];
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  const pid = vi.spyOn(process, "pid", "get").mockReturnValue(child.pid ?? 0);
  const journal = new LeaseJournal(place, "spending-process", () => words.shift() ?? LAST_WORD);
  for (let write = 0; write < 3; write += 1) journal.write();
  pid.mockRestore();
  const path = join(place.folder, "spending-process.json");
  const found = async () => {
    const left = new LeftJournals(place);
    await left.find("me", 0);
    return left.find("me", 10_000);
  };
  expect(await found()).toEqual([spent("3000")]);
  const bytes = readFileSync(path);
  const torn = bytes.indexOf("3000");
  bytes.writeUInt8(0, torn);
  writeFileSync(path, bytes);
  expect(await found()).toEqual([spent("2")]);
  writeFileSync(path, "");
  expect(await found()).toEqual([]);
});

test("a file that changes is of a process that lives, on this machine or another; one that nobody asks for goes after a day", async () => {
  const spending = await startSpending();
  await spending.kill();
  const left = new LeftJournals(place);
  const path = join(place.folder, "spending-process.json");
  await left.find("me", 0);
  utimesSync(path, 2_000_000_000, 2_000_000_000);
  expect(await left.find("me", 10_000)).toEqual([]);
  expect(await left.find("me", 20_000)).toEqual([LAST_WORD]);
  const others = new LeftJournals({ ...place, audience: "another key" });
  utimesSync(path, 1, 1);
  await others.find("me", 0);
  await others.find("me", 10_000);
  expect(existsSync(path)).toBe(false);
});

test("the next process says the last word of the one that was killed, and no more when it was heard", async () => {
  const spending = await startSpending();
  await spending.kill();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const requests: LeaseRequest[] = [];
  let isGone = true;
  const leases = new RemoteLeases({
    instanceId: "next-process",
    nowMs: Date.now,
    journal: place,
    exchange: async (request): Promise<LeaseAnswer> => {
      requests.push(request);
      if (isGone) throw new Error("nobody answers");
      return { leases: [], nowUnixMs: Date.now() };
    },
  });
  const terms = {
    limitNanoUsd: 10_000n,
    failMode: "closed" as const,
    isEnforced: true,
    takesWorst: false,
  };
  const key = { budgetId: "bud_1", value: undefined, periodStartMs: 0 };
  new BudgetAccount(key, terms, leases).hasRoom(1, Date.now());
  const lastWords = () => requests.filter(({ instanceId }) => instanceId === "spending-process");
  const pass = async (count: number) => {
    for (; lastWords().length < count; await new Promise(setImmediate))
      await vi.advanceTimersByTimeAsync(4_000);
  };
  await pass(1);
  expect(existsSync(join(place.folder, "spending-process.json"))).toBe(true);
  isGone = false;
  await pass(2);
  for (const lastWord of lastWords()) expect(lastWord).toEqual(LAST_WORD);
  await vi.waitFor(() => expect(readdirSync(place.folder)).toEqual([]));
  await leases.giveBack();
});

test("a process that has told everything leaves nothing behind; one that could not, what it was to tell", async () => {
  let isGone = false;
  const leases = new RemoteLeases({
    instanceId: "this-process",
    nowMs: Date.now,
    journal: place,
    exchange: async ({ leases: reports }): Promise<LeaseAnswer> => {
      if (isGone) throw new Error("nobody answers");
      const grant = { state: "granted" as const, ttlMs: 15_000, retryAfterMs: 0 };
      const amounts = { grantedNanoUsd: "1000", keepNanoUsd: "1000" };
      return {
        nowUnixMs: Date.now(),
        leases: reports.map(({ leaseId }) => ({ leaseId, ...grant, ...amounts })),
      };
    },
  });
  const terms = {
    limitNanoUsd: 10_000n,
    failMode: "closed" as const,
    isEnforced: true,
    takesWorst: false,
  };
  const account = new BudgetAccount(
    { budgetId: "bud_1", value: undefined, periodStartMs: 0 },
    terms,
    leases,
  );
  account.hasRoom(100, Date.now());
  await leases.answered();
  account.reserve(100, 50);
  const path = join(place.folder, "this-process.json");
  await expect.poll(() => existsSync(path)).toBe(true);
  account.settle(100, 50, 60);
  isGone = true;
  await leases.giveBack();
  expect(existsSync(path)).toBe(true);
  isGone = false;
  await leases.giveBack();
  expect(readdirSync(place.folder)).toEqual([]);
});

test("nothing is written where others could read it, or nothing can be written", () => {
  const lastWord = vi.fn<() => LeaseRequest>(() => LAST_WORD);
  new LeaseJournal(place, "me-and-only-me", lastWord).write();
  expect(readdirSync(place.folder)).toEqual(["me-and-only-me.json"]);
  chmodSync(place.folder, 0o755);
  const journal = new LeaseJournal(place, "another-one", lastWord);
  journal.write();
  expect(readdirSync(place.folder)).toEqual(["me-and-only-me.json"]);
  const asked = lastWord.mock.calls.length;
  journal.wake();
  expect(lastWord).toHaveBeenCalledTimes(asked);
  new LeaseJournal({ ...place, folder: "/dev/null/leases" }, "me", lastWord).write();
});

test("what lies in a folder that others can write to is nobody's last word", async () => {
  const spending = await startSpending();
  await spending.kill();
  chmodSync(place.folder, 0o777);
  const left = new LeftJournals(place);
  expect(await left.find("me", 0)).toEqual([]);
  expect(await left.find("me", 10_000)).toEqual([]);
  chmodSync(place.folder, 0o700);
  expect(await left.find("me", 20_000)).toEqual([]);
  expect(await left.find("me", 30_000)).toEqual([LAST_WORD]);
});
