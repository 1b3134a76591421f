import { randomUUID } from "node:crypto";
import { PROCESSES_PER_BATCH_MAX } from "@lensai/otel-config/control/acknowledgements";
import type { AcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import type { Component } from "../component.ts";
import { postToConsole } from "./post-to-console.ts";
import type { ToldConsole } from "./post-to-console.ts";
import type { ProcessRegister } from "./process-register.ts";

/**
 * Acknowledgements of a switch come within milliseconds of each other: what comes in this time goes together. While a batch
 * is on its way they gather anyway, so that it counts from the beginning of that.
 */
const GATHERING_MS = 30;
/** How often the console hears that the collector lives, and who no longer does. */
const SWEEP_INTERVAL_MS = 15_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export interface ProcessReporterOptions extends ToldConsole {
  readonly register: ProcessRegister;
  readonly gatheringMs?: number;
}

/**
 * Tells the console which processes there are and what they keep to: changes in batches, one on its way at a time,
 * and everything again when the console may have forgotten it.
 */
export class ProcessReporter implements Component {
  readonly name = "process reporter";
  private readonly options: ProcessReporterOptions;
  private readonly collectorId = randomUUID();
  private readonly stopped = new AbortController();
  private replacesEarlier = true;
  private failures = 0;
  private sentAtMs = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private sweeper: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;

  constructor(options: ProcessReporterOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    if (this.options.url === undefined) return;
    this.sweeper = setInterval(() => {
      this.options.register.sweep();
      this.changed();
    }, SWEEP_INTERVAL_MS);
    this.sweeper.unref();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    clearInterval(this.sweeper);
    clearTimeout(this.timer);
    await this.sending;
  }

  /** There is something to tell. */
  changed(): void {
    this.schedule(this.gatheringMs);
  }

  private get gatheringMs(): number {
    return this.options.gatheringMs ?? GATHERING_MS;
  }

  /** The console may have forgotten everything, or be another one. */
  tellAll(): void {
    this.replacesEarlier = true;
    this.failures = 0;
    this.options.register.changeAll();
    this.changed();
  }

  private schedule(delayMs: number): void {
    if (this.options.url === undefined || this.stopped.signal.aborted) return;
    if (this.timer !== undefined || this.sending !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.sentAtMs = performance.now();
      this.sending = this.sendAll().finally(() => {
        this.sending = undefined;
        if (this.failures > 0)
          this.schedule(Math.min(RETRY_MIN_MS * 2 ** (this.failures - 1), RETRY_MAX_MS));
        else if (this.options.register.hasChanges)
          this.schedule(Math.max(0, this.sentAtMs + this.gatheringMs - performance.now()));
      });
    }, delayMs);
    this.timer.unref();
  }

  /** An empty batch says that the collector lives. */
  private async sendAll(): Promise<void> {
    const { register } = this.options;
    try {
      let isFull = true;
      while (isFull) {
        const { replacesEarlier } = this;
        const processes = register.takeChanged(PROCESSES_PER_BATCH_MAX);
        isFull = processes.length === PROCESSES_PER_BATCH_MAX;
        this.replacesEarlier = false;
        await this.send({ collectorId: this.collectorId, replacesEarlier, processes });
      }
      this.failures = 0;
    } catch {
      // What was on its way may be lost: everything is told again. Why it fails, the control link says.
      this.failures += 1;
      this.replacesEarlier = true;
      register.changeAll();
    }
  }

  private async send(batch: AcknowledgementBatch): Promise<void> {
    const { signal } = this.stopped;
    await postToConsole(this.options, "internal/acknowledgements", { body: batch, signal });
  }
}
