import type { Fault } from "../../../analytics/test/s3-fake.ts";
import { seededRandom } from "./seeded-random.ts";

/** Share of the requests that meet a fault of their own. */
const FAULT_SHARE = 0.25;
/** Seldom: for the life that meets it nothing lands any more, its client being more patient than it lives. */
const STALL_SHARE = 0.005;
/** Now and then an outage begins: longer than the store client's own tries, so that landing has to begin again. */
const OUTAGE_SHARE = 0.01;
const OUTAGE_REQUESTS = 12;
/** Longer than most lives: what a killed process has sent is carried out in the time of the next one. */
const DELAY_MS_MAX = 2000;
/** The faults that the last life meets before all is well. */
const LAST_FAULTS = 150;

const EVERY_METHOD: readonly Fault[] = [
  { kind: "status", status: 500, code: "InternalError" },
  { kind: "status", status: 503, code: "ServiceUnavailable" },
  { kind: "status", status: 503, code: "SlowDown" },
  { kind: "reset" },
  { kind: "delay", delayMs: DELAY_MS_MAX },
];
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  PUT: [
    ...EVERY_METHOD,
    { kind: "status", status: 409, code: "ConditionalRequestConflict" },
    { kind: "cut-upload" },
    { kind: "late-reset" },
    { kind: "late-500" },
  ],
  GET: [...EVERY_METHOD, { kind: "cut-body" }],
};

/** What goes wrong with the requests to a bucket, at seeded random; in the end nothing. */
export class S3Faults {
  /** How many requests met a fault, by its name. */
  readonly counts = new Map<string, number>();
  private readonly random: () => number;
  private outageRequests = 0;
  private faultsLeft = Infinity;
  private stallOnce: (() => void) | undefined;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Faults of puts that no request has met. */
  get missing(): string[] {
    const names = [...(FAULTS["PUT"] ?? []), { kind: "stall" } as const].map(nameOf);
    return names.filter((name) => !this.counts.has(`PUT ${name}`));
  }

  /** The fault of the next request. */
  next(method: string): Fault | undefined {
    const fault = this.takeStall(method) ?? (this.faultsLeft > 0 ? this.draw(method) : undefined);
    if (fault === undefined) return undefined;
    this.faultsLeft -= 1;
    const name = `${method} ${nameOf(fault)}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return fault;
  }

  /**
   * From here on one put stalls, and so many other requests as are the last to meet a fault. Resolves when
   * the client has given the put up.
   */
  async end(): Promise<void> {
    this.faultsLeft = LAST_FAULTS;
    await new Promise<void>((resolve) => {
      this.stallOnce = resolve;
    });
  }

  private takeStall(method: string): Fault | undefined {
    const { stallOnce } = this;
    if (stallOnce === undefined || method !== "PUT") return undefined;
    this.stallOnce = undefined;
    return { kind: "stall", onClientGone: stallOnce };
  }

  private draw(method: string): Fault | undefined {
    if (this.outageRequests > 0) {
      this.outageRequests -= 1;
      return { kind: "status", status: 503, code: "outage" };
    }
    const isEnding = Number.isFinite(this.faultsLeft);
    if (!isEnding && this.random() < STALL_SHARE) return { kind: "stall" };
    if (this.random() < OUTAGE_SHARE) this.outageRequests = OUTAGE_REQUESTS;
    if (this.random() >= FAULT_SHARE) return undefined;
    const faults = FAULTS[method] ?? EVERY_METHOD;
    const fault = faults[Math.floor(this.random() * faults.length)];
    if (fault?.kind !== "delay") return fault;
    return { ...fault, delayMs: fault.delayMs * this.random() ** 2 }; // more short ones than long ones
  }
}

const nameOf = (fault: Fault): string => ("code" in fault ? fault.code : fault.kind);
