import { Worker } from "node:worker_threads";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import type { ReviewedFiles, ReviewOutcome } from "../recompute/lake-review.ts";
import type { SealOutcome } from "../seals/seal-lake.ts";
import type { Inputs, LakeWorkerData, Outcomes, WorkOrder, WorkReport } from "./lake-worker.ts";

const ENTRY = new URL("./lake-worker.ts", import.meta.url);

/** Work on a lake that is written to comes more often. A thread that only waits holds 35 MB. */
const IDLE_MS = 30_000;

/** A thread that keeps a lake in order, started when it is needed; it leaves when there is nothing to do for a while. */
export class LakeThread {
  private readonly data: LakeWorkerData;
  private readonly idleMs: number;
  private reviewed: ReviewedFiles | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private worker: Worker | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private isStopped = false;

  constructor(data: LakeWorkerData, idleMs: number = IDLE_MS) {
    this.data = data;
    this.idleMs = idleMs;
  }

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  /**
   * Decides again about the bills of what has landed, by the prices of the file and those that projects have set in
   * the console. Rejects with the reason when it failed.
   */
  review(prices: readonly PriceEntry[]): Promise<ReviewOutcome> {
    return this.inTurn("review", prices);
  }

  /** Lets go of what is kept no longer, and puts rows of small files into large ones. Rejects with the reason when it failed. */
  compact(): Promise<Outcomes["compact"]> {
    return this.inTurn("compact", undefined);
  }

  /**
   * Signs what counts in the lake, where that is due. Rejects with the reason when it failed, which is also that something
   * was changed behind the last seal.
   */
  seal(key: SigningKeyPair): Promise<SealOutcome> {
    return this.inTurn("seal", key);
  }

  /** What is under way is rejected, and so is what waits for its turn. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.idleTimer);
    await this.worker?.terminate();
  }

  /** One at a time. */
  private inTurn<Kind extends keyof Outcomes>(
    kind: Kind,
    input: Inputs[Kind],
  ): Promise<Outcomes[Kind]> {
    clearTimeout(this.idleTimer);
    const work = this.last.then(() => this.ask(kind, input));
    this.last = work.catch(() => undefined).finally(() => this.leaveWhenIdle());
    return work;
  }

  private leaveWhenIdle(): void {
    clearTimeout(this.idleTimer);
    if (this.isStopped) return;
    const leave = (): void => {
      this.last = this.leave(this.last);
    };
    this.idleTimer = setTimeout(leave, this.idleMs).unref();
  }

  /** The thread ends, and its memory is free. What comes meanwhile waits, and starts another one. */
  private async leave(before: Promise<unknown>): Promise<void> {
    await before;
    const { worker } = this;
    if (worker === undefined) return;
    try {
      const reviewed = await this.ask("leave", undefined);
      if (reviewed === undefined) return;
      this.reviewed = reviewed;
      await worker.terminate();
    } catch {
      // It has died, which frees its memory as well.
    }
  }

  private async ask<Kind extends keyof Outcomes>(
    kind: Kind,
    input: Inputs[Kind],
  ): Promise<Outcomes[Kind]> {
    if (this.isStopped) throw new Error("the thread that keeps the lake is stopped");
    const worker = this.worker ?? this.start();
    worker.postMessage({ kind, input } satisfies WorkOrder<Kind>, []);
    const report = await new Promise<WorkReport<Kind>>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the thread that keeps the lake ended")));
    })
      .catch((error: unknown) => {
        this.worker = undefined;
        throw error;
      })
      .finally(() => {
        for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
        // It may end, or meet an error, while nobody asks.
        worker.once("error", () => undefined).once("exit", () => this.forget(worker));
      });
    if (report.kind === "failed") throw new Error(report.message);
    return report.outcome;
  }

  private start(): Worker {
    const worker = new Worker(ENTRY, { workerData: { ...this.data, reviewed: this.reviewed } });
    worker.unref();
    this.worker = worker;
    return worker;
  }

  private forget(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
  }
}
