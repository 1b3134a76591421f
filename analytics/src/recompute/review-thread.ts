import { Worker } from "node:worker_threads";
import type { ReviewOutcome } from "./lake-review.ts";
import type { ReviewReport, ReviewWorkerData } from "./review-worker.ts";

const ENTRY = new URL("./review-worker.ts", import.meta.url);

/** A thread that reviews a lake, started when it is first needed and again when it has died. */
export class ReviewThread {
  private readonly data: ReviewWorkerData;
  private worker: Worker | undefined;

  constructor(data: ReviewWorkerData) {
    this.data = data;
  }

  /** One at a time. Rejects with the reason when the review failed. */
  async review(): Promise<ReviewOutcome> {
    const worker = this.worker ?? this.start();
    worker.postMessage("review", []);
    const report = await new Promise<ReviewReport>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the reviewing thread ended")));
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

  async stop(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(ENTRY, { workerData: this.data });
    worker.unref();
    this.worker = worker;
    return worker;
  }

  private forget(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
  }
}
