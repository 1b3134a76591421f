import type { Resource } from "@opentelemetry/resources";
import type { DeliveryCounts } from "./delivery-counts.ts";
import { encodeReport } from "./delivery-report.ts";
import type { ExportOutcome } from "./export-outcome.ts";
import type { EncodedBody } from "./otlp-client.ts";

export interface DeliveryReporterOptions {
  /** Undefined: nobody takes reports. */
  readonly sendReport: ((body: EncodedBody) => Promise<ExportOutcome>) | undefined;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Reports are cumulative: one that is lost is made up for by the next. */
const INTERVAL_MS = 60_000;

/** Tells the receiver what became of the spans of this process. */
export class DeliveryReporter {
  /** What the process says about itself; nothing is reported before it is known. */
  resource: Resource | undefined;
  readonly #options: DeliveryReporterOptions;
  readonly #counts: DeliveryCounts;
  readonly #startMs: number;
  #reportedMs: number;
  #reportedSum = 0;

  constructor(options: DeliveryReporterOptions, counts: DeliveryCounts) {
    this.#options = options;
    this.#counts = counts;
    this.#startMs = options.now();
    this.#reportedMs = this.#startMs;
  }

  /** What is new since the last time, at most once in a minute unless it `isLast`. Never rejects. */
  async report({ isLast }: { isLast: boolean }): Promise<void> {
    const { sendReport, now } = this.#options;
    const toMs = now();
    const sum = this.#counts.delivered + this.#counts.lost;
    if (sendReport === undefined || this.resource === undefined) return;
    if (sum === this.#reportedSum) return;
    if (!isLast && toMs - this.#reportedMs < INTERVAL_MS) return;
    this.#reportedMs = toMs;
    try {
      const bytes = encodeReport(this.#counts, this.resource, { fromMs: this.#startMs, toMs });
      const outcome = await sendReport({ bytes, isGzip: false });
      if (outcome.kind === "delivered") this.#reportedSum = sum;
    } catch {
      // A resource that cannot be encoded: its spans were not either.
    }
  }
}
