import * as fc from "fast-check";
import type { LeaseGrant, LeaseReport } from "@lensai/otel-config/control/leases";
import { expect, test } from "vitest";
import {
  heldNanoUsd,
  returnableNanoUsd,
  uncertainNanoUsd,
} from "#lib/server/services/ledger/lease-state.ts";
import { LeaseRound } from "#lib/server/services/ledger/lease-round.ts";
import type { StoredLease } from "#lib/server/services/ledger/stored-ledgers.ts";

const TIMES = { ttlMs: 100, usableMs: 50 };
const LIMIT = 500;
const KEY = { projectId: "shop", budgetId: "bud_1", value: "", periodStartMs: 0 };
const SPAN = { ...KEY, countedFromMs: 0 };

/**
 * A call as the world knows it: what it holds, what it is taken to cost if its process dies, and what it is charged
 * otherwise. What it really costs is at most what it holds, and `atMost` once it has ended.
 */
interface Call {
  readonly reserved: number;
  readonly incurred: number;
  readonly cost: number;
  readonly atMost: number;
  /** What it costs at most if its process is killed: nobody reads on. */
  readonly killedAtMost: number;
  /** Of the guard: by the published price. The bill is by another one. */
  readonly bill: number;
  /** What the ledger was told of it. */
  told: number;
}

interface Ended extends Call {
  readonly process: number;
  hasLanded: boolean;
}

/** A process, its lease as it sees it, and what it has sent. */
class Process {
  granted = 0;
  spent = 0;
  uncertain = 0;
  expiresAtMs = -1;
  sequence = 0;
  isAlive = true;
  wasKilled = false;
  /** Calls that ran when it was killed, and were told of after that. */
  readonly orphaned: Call[] = [];
  readonly running: Call[] = [];
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  get orphanedNano(): number {
    return this.orphaned.reduce((sum, { incurred }) => sum + incurred, 0);
  }

  get reserved(): number {
    return this.running.reduce((sum, { reserved }) => sum + reserved, 0);
  }

  get incurred(): number {
    return this.running.reduce((sum, { incurred }) => sum + incurred, 0);
  }

  get killedAtMost(): number {
    return this.running.reduce((sum, { killedAtMost }) => sum + killedAtMost, 0);
  }

  report(need: number, want: number, isFinal: boolean): Sent {
    this.sequence += 1;
    const granted = isFinal ? this.spent : this.granted;
    return {
      process: this.id,
      sequence: this.sequence,
      report: {
        leaseId: `process-${this.id}.1`,
        budgetId: KEY.budgetId,
        periodStartsAt: new Date(0).toISOString(),
        grantedNanoUsd: String(granted),
        spentNanoUsd: String(this.spent),
        reservedNanoUsd: String(this.reserved),
        incurredNanoUsd: String(this.incurred),
        uncertainNanoUsd: String(this.uncertain),
        needNanoUsd: String(need),
        leastNanoUsd: String(Math.ceil(need / 2)),
        wantNanoUsd: String(want),
        isFinal,
      },
    };
  }

  hear({ grantedNanoUsd, keepNanoUsd, ttlMs, state }: LeaseGrant, sentAtMs: number): void {
    const used = this.spent + this.reserved;
    this.granted = Math.min(Number(grantedNanoUsd), used + Number(keepNanoUsd));
    this.expiresAtMs = state === "refused" ? -1 : sentAtMs + ttlMs;
  }
}

interface Sent {
  readonly process: number;
  readonly sequence: number;
  readonly report: LeaseReport;
}

/** The ledger, the processes, the network between them, the lake, and the provider, whose bill is the truth. */
class World {
  /** Of a budget that makes calls smaller rather than be overspent. */
  readonly takesWorst: boolean;
  nowMs = 0;
  settled = 0;
  readonly leases = new Map<string, StoredLease>();
  /** Also those that died. */
  readonly processes: Process[] = [];
  /** By place: where one has ended, another one starts. */
  readonly #current: Process[] = [];
  readonly #uncertain = new Map<string, number>();
  readonly ended: Ended[] = [];
  /** Old messages that the network may bring once more. */
  readonly onTheWay: Sent[] = [];

  constructor(takesWorst = false) {
    this.takesWorst = takesWorst;
  }

  processAt(place: number): Process {
    const current = this.#current[place];
    if (current?.isAlive === true) return current;
    const started = new Process(this.processes.length);
    this.processes.push(started);
    this.#current[place] = started;
    return started;
  }

  get returnable(): bigint {
    let sum = 0n;
    for (const lease of this.leases.values()) sum += returnableNanoUsd(lease, this.nowMs, TIMES);
    return sum;
  }

  get held(): number {
    let sum = 0n;
    for (const lease of this.leases.values()) sum += heldNanoUsd(lease, this.nowMs, TIMES);
    return Number(sum);
  }

  get uncertain(): number {
    let sum = 0n;
    for (const lease of this.leases.values()) sum += uncertainNanoUsd(lease, this.nowMs, TIMES);
    return Number(sum) + this.untoldUncertain;
  }

  /** Of calls that have ended since their process was last heard. */
  get untoldUncertain(): number {
    return sumOf(
      this.processes.map(({ id, uncertain }) => {
        const told = this.leases.get(`process-${id}.1`)?.uncertainNanoUsd ?? 0n;
        return Math.max(0, uncertain - Number(told));
      }),
    );
  }

  /** The most that was uncertain of each lease at a time: what the bound has said. */
  get uncertainMax(): number {
    for (const lease of this.leases.values()) {
      const uncertain = Number(uncertainNanoUsd(lease, this.nowMs, TIMES));
      this.#uncertain.set(lease.id, Math.max(uncertain, this.#uncertain.get(lease.id) ?? 0));
    }
    return sumOf([...this.#uncertain.values()]) + this.untoldUncertain;
  }

  /** What the ledger answers to a message. */
  exchange({ process, sequence, report }: Sent): LeaseGrant {
    const live = [...this.leases.values()].filter(
      ({ isClosed, reportedAtMs }) => !isClosed && this.nowMs < reportedAtMs + TIMES.ttlMs,
    );
    const totals = [
      {
        span: SPAN,
        settledNanoUsd: BigInt(this.settled),
        heldNanoUsd: BigInt(this.held),
        uncertainNanoUsd: 0n,
        returnableNanoUsd: this.returnable,
        liveLeases: live.length,
      },
    ];
    const { leases, nowMs, takesWorst } = this;
    const open = { span: SPAN, limitNanoUsd: BigInt(LIMIT), canClamp: takesWorst };
    const round = new LeaseRound({ totals, leases, nowMs, times: TIMES });
    const instanceId = `process-${process}`;
    const grant = round.answer({ report, key: KEY, instanceId, sequence, open });
    for (const lease of round.changed) this.leases.set(lease.id, lease);
    return grant;
  }

  /** Its records reach the lake: the bill is counted, and what the guard has charged is no longer held. */
  land(call: Ended): void {
    if (call.hasLanded) return;
    call.hasLanded = true;
    const lease = this.leases.get(`process-${call.process}.1`);
    this.settled += call.bill;
    if (lease === undefined) return;
    const landedNanoUsd = lease.landedNanoUsd + BigInt(call.cost);
    this.leases.set(lease.id, { ...lease, landedNanoUsd });
  }
}

const amount = fc.integer({ min: 1, max: 120 });
const PLACES = 4;
const who = fc.nat(PLACES - 1);
const asks = fc.record({
  kind: fc.constant("ask" as const),
  who,
  need: fc.integer({ min: 0, max: 200 }),
  want: fc.integer({ min: 0, max: 400 }),
  fate: fc.constantFrom("arrives", "arrives", "arrives", "request lost", "answer lost"),
});
const calls = fc.record({
  kind: fc.constant("call" as const),
  who,
  amount,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  isCounted: fc.boolean(),
});
const steps = fc.oneof(
  { weight: 8, arbitrary: asks },
  { weight: 10, arbitrary: calls },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("end" as const), who, which: fc.nat(5) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("again" as const), which: fc.nat(40) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("land" as const), which: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("final" as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("tell for dead" as const), which: fc.nat(10) }),
  },
);

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

/** One thing happens. The bills are `billShare` of what the guard charges. */
function happen(world: World, step: Step, billShare: number): void {
  if (step.kind === "wait") world.nowMs += step.ms;
  else if (step.kind === "land") {
    const call = world.ended[step.which % Math.max(1, world.ended.length)];
    if (call !== undefined) world.land(call);
  } else if (step.kind === "again") {
    const sent = world.onTheWay[step.which % Math.max(1, world.onTheWay.length)];
    if (sent !== undefined) world.exchange(sent);
  } else if (step.kind === "tell for dead") {
    const dead = world.processes.filter((process) => process.wasKilled);
    const process = dead[step.which % Math.max(1, dead.length)];
    if (process !== undefined) tellForDead(world, process);
  } else act(world, step, billShare);
}

/** Another process has read what it had written of its calls: those that ran are charged what they had come to. */
function tellForDead(world: World, process: Process): void {
  if (!world.leases.has(`process-${process.id}.1`)) return;
  const { reserved, incurred, killedAtMost } = process;
  process.orphaned.push(...process.running.splice(0));
  process.spent += world.takesWorst ? killedAtMost : incurred;
  process.uncertain += world.takesWorst ? 0 : reserved - incurred;
  world.exchange(process.report(0, 0, true));
  for (const call of process.orphaned) call.told = call.incurred;
  for (const call of world.ended) if (call.process === process.id) call.told = call.cost;
}

/** Nobody bills what nobody has counted: it stays what it was charged. */
function end(world: World, process: Process, call: Call): void {
  const cost = world.takesWorst ? call.atMost : call.cost;
  const bill = call.cost === call.atMost ? call.bill : cost;
  process.spent += cost;
  process.uncertain += call.atMost - cost;
  world.ended.push({ ...call, cost, bill, process: process.id, hasLanded: false });
}

function act(world: World, step: Extract<Step, { who: number }>, billShare: number): void {
  const process = world.processAt(step.who);
  if (step.kind === "call") {
    const available = process.granted - process.spent - process.reserved;
    const reserved = Math.min(step.amount, available);
    if (reserved <= 0 || world.nowMs >= process.expiresAtMs) return;
    const cost = Math.floor(reserved * step.share);
    const incurred = Math.floor(cost / 2);
    const bill = Math.floor(cost * billShare);
    const atMost = step.isCounted ? cost : reserved;
    const killedAtMost = Math.ceil((incurred + reserved) / 2);
    process.running.push({ reserved, incurred, cost, atMost, killedAtMost, bill, told: 0 });
  } else if (step.kind === "end") {
    const [call] = process.running.splice(step.which % Math.max(1, process.running.length), 1);
    if (call !== undefined) end(world, process, call);
  } else if (step.kind === "kill") {
    process.isAlive = false;
    process.wasKilled = true;
  } else if (step.kind === "ask" || step.kind === "final") {
    const isFinal = step.kind === "final" && process.running.length === 0;
    const [need, want, fate] =
      step.kind === "ask" ? [step.need, step.want, step.fate] : [0, 0, "arrives"];
    tell(world, process, { need, want, isFinal, fate });
  }
}

function tell(
  world: World,
  process: Process,
  { need, want, isFinal, fate }: { need: number; want: number; isFinal: boolean; fate: string },
): void {
  const sentAtMs = world.nowMs;
  const sent = process.report(need, want, isFinal);
  world.onTheWay.push(sent);
  // A process does nothing more with a lease that it has given back.
  if (isFinal) process.isAlive = false;
  if (fate === "request lost") return;
  const grant = world.exchange(sent);
  for (const call of process.running) call.told = call.incurred;
  for (const call of world.ended) if (call.process === process.id) call.told = call.cost;
  if (fate === "arrives" && !isFinal) process.hear(grant, sentAtMs);
}

/** The most that is spent, and can still be spent by those that live without asking again. */
function atStake({ processes, ended, nowMs, takesWorst }: World): number {
  const spent = ended.reduce((sum, { atMost }) => sum + atMost, 0);
  const rights = processes.map((process) => {
    const canAdmit = process.isAlive && nowMs < process.expiresAtMs;
    const idle = Math.max(0, process.granted - process.spent - process.reserved);
    // Where nothing may be uncertain, killed calls are taken for what they had come to at most, and not for all that they held.
    const worthOf = (call: Call): number =>
      takesWorst && process.wasKilled ? call.killedAtMost : call.reserved;
    const made = [...process.running, ...process.orphaned];
    return sumOf(made.map((call) => worthOf(call))) + (canAdmit ? idle : 0);
  });
  return spent + rights.reduce((sum, right) => sum + right, 0);
}

const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, n) => sum + n, 0);

/** What a process has spent that died: its calls that ran cost what they had come to. */
function spentOfDead(
  world: World,
  { id, running, orphaned }: Process,
): { truth: number; untold: number } {
  const ended = world.ended.filter((call) => call.process === id);
  const costs = [
    ...ended.map(({ cost, told }) => ({ cost, told })),
    ...[...running, ...orphaned].map(({ incurred, told }) => ({ cost: incurred, told })),
  ];
  return {
    truth: costs.reduce((sum, { cost }) => sum + cost, 0),
    untold: costs.reduce((sum, { cost, told }) => sum + cost - told, 0),
  };
}

test("whatever is lost, doubled, reordered, killed or cut off, no more than the limit is spent, and what is said to be uncertain", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 150, size: "max" }), (all) => {
      const world = new World();
      for (const step of all) {
        happen(world, step, 1);
        expect(world.held).toBeGreaterThanOrEqual(0);
        expect(atStake(world)).toBeLessThanOrEqual(LIMIT + world.uncertainMax);
        // What has come out later is counted, and beyond the limit then.
        const counted = Math.max(LIMIT, world.settled + world.held);
        expect(atStake(world)).toBeLessThanOrEqual(counted + world.uncertain);
      }
    }),
    { numRuns: 500 },
  );
});

test("of a budget that makes calls smaller no more than the limit is spent, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 150, size: "max" }), (all) => {
      const world = new World(true);
      for (const step of all) {
        happen(world, step, 1);
        expect(atStake(world)).toBeLessThanOrEqual(LIMIT);
      }
    }),
    { numRuns: 500 },
  );
});

test("one life of a lease after any crashes, the ledger is what was spent and what the living hold, but for what the dead never told", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 150, size: "max" }), (all) => {
      const world = new World();
      for (const step of all) happen(world, step, 1);
      for (let passed = 0; passed < TIMES.ttlMs; passed += TIMES.ttlMs / 2) {
        world.nowMs += TIMES.ttlMs / 2;
        for (const process of world.processes) {
          if (process.isAlive && world.leases.has(`process-${process.id}.1`))
            tell(world, process, { need: 0, want: 0, isFinal: false, fate: "arrives" });
        }
      }
      const living = world.processes.filter(({ isAlive }) => isAlive);
      const dead = world.processes
        .filter(({ isAlive }) => !isAlive)
        .map((process) => spentOfDead(world, process));
      const expected =
        sumOf(living.map(({ granted, spent, reserved }) => Math.max(granted, spent + reserved))) +
        sumOf(dead.map(({ truth }) => truth));
      const counted = world.settled + world.held;
      expect(counted).toBeLessThanOrEqual(expected);
      expect(counted).toBeGreaterThanOrEqual(expected - sumOf(dead.map(({ untold }) => untold)));
    }),
    { numRuns: 500 },
  );
});

test("when it is quiet, the ledger is what the provider bills, and what the dead said they would come to", () => {
  fc.assert(
    fc.property(
      fc.array(steps, { maxLength: 150, size: "max" }),
      fc.constantFrom(1, 0.8, 1.5),
      (all, billShare) => {
        const world = new World();
        for (const step of all) happen(world, step, billShare);
        for (let place = 0; place < PLACES; place += 1) {
          while (world.processAt(place).running.length > 0)
            happen(world, { kind: "end", who: place, which: 0 }, billShare);
          happen(world, { kind: "final", who: place }, billShare);
        }
        for (const call of world.ended) world.land(call);
        world.nowMs += TIMES.ttlMs;
        const billed = world.ended.reduce((sum, { bill }) => sum + bill, 0);
        const killed = [...world.leases.values()].filter(({ isClosed }) => !isClosed);
        const running = killed.reduce(
          (sum, { incurredNanoUsd }) => sum + Number(incurredNanoUsd),
          0,
        );
        expect(world.settled).toBe(billed);
        const orphaned = sumOf(world.processes.map(({ orphanedNano }) => orphanedNano));
        expect(world.held).toBeLessThanOrEqual(running + orphaned);
      },
    ),
    { numRuns: 500 },
  );
});
