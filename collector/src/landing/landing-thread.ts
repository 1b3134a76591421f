import { Worker } from "node:worker_threads";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { LandReport, LandRequest, LandTrouble } from "./serve-landings.ts";

/**
 * Nothing has landed for so long that the traffic has ended: the thread leaves, and its memory goes with it. So does its
 * window of the last calls: what one of them has to do with a call that comes minutes later, the review of the
 * lake finds out, as it does when more calls have come than the window holds.
 */
const IDLE_MS = 180_000;

/** The worker thread that lands batches, started when it is needed: at first, after a pause, and when it has died. */
export class LandingThread {
  private readonly options: LandingThreadOptions;
  private worker: Worker | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(options: LandingThreadOptions) {
    this.options = options;
  }

  /**
   * Lets the thread land the batch, which must not be changed meanwhile. Resolves with the number of rows
   * that the lake holds under the name, as AppendBatch counts them. One at a time. Rejects when the thread
   * dies; the batch can then be given to the next one.
   */
  async land(name: string, landedAtMs: number, batch: RowBatch): Promise<number> {
    clearTimeout(this.idleTimer);
    const worker = this.worker ?? this.start();
    const request: LandRequest = { name, landedAtMs, batch: batch.toMessage() };
    return await new Promise((resolve, reject) => {
      const onMessage = (report: LandReport): void => {
        if (report.kind === "trouble") {
          this.options.onTrouble(report.trouble);
          return;
        }
        finish();
        resolve(report.rowCount);
      };
      const onError = (cause: unknown): void => {
        finish();
        reject(new Error("the landing thread failed", { cause }));
      };
      const onExit = (code: number): void => {
        finish();
        reject(new Error(`the landing thread ended with code ${code}`));
      };
      const finish = (): void => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        this.idleTimer = setTimeout(
          () => void this.leave(),
          this.options.idleMs ?? IDLE_MS,
        ).unref();
      };
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      worker.postMessage(request, []); // nothing to transfer: the memory is shared
    });
  }

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  async stop(): Promise<void> {
    clearTimeout(this.idleTimer);
    await this.worker?.terminate();
  }

  private async leave(): Promise<void> {
    const { worker } = this;
    // What comes while it ends starts another one.
    this.worker = undefined;
    await worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(this.options.entry, { workerData: this.options.workerData });
    const forget = (): void => {
      if (this.worker === worker) this.worker = undefined;
    };
    worker.on("error", forget).on("exit", forget);
    this.worker = worker;
    return worker;
  }
}

export interface LandingThreadOptions {
  /** Module that calls `serveLandings`. */
  readonly entry: URL;
  readonly workerData: unknown;
  /** The thread has met an error and tries again. */
  readonly onTrouble: (trouble: LandTrouble) => void;
  readonly idleMs?: number;
}
