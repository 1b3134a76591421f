import type { Component } from "../component.ts";
import type { Log } from "../log.ts";
import { postToConsole } from "./post-to-console.ts";
import type { ToldConsole } from "./post-to-console.ts";

export interface KeyUsesOptions {
  readonly nowMs: () => number;
  readonly log: Log;
  readonly intervalMs?: number;
}

/** People look for keys that nobody uses any longer: half a minute is near enough. */
const REPORT_INTERVAL_MS = 30_000;
/** Of one report; the rest goes with the next. */
const USES_MAX = 10_000;

/**
 * When each key was used last, told to the console now and then: a request costs an entry in a map, not a write. What could
 * not be told is told later; what was not told when the process died is lost, and the next use makes up for it.
 */
export class KeyUses implements Component {
  readonly name = "key uses";
  private readonly console: ToldConsole;
  private readonly options: KeyUsesOptions;
  private readonly untold = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> = Promise.resolve();
  private isFailing = false;

  constructor(console: ToldConsole, options: KeyUsesOptions) {
    this.console = console;
    this.options = options;
  }

  note(keyId: string): void {
    this.untold.set(keyId, this.options.nowMs());
  }

  async start(): Promise<void> {
    if (this.console.url === undefined) return;
    this.timer = setInterval(() => {
      this.reporting = this.report();
    }, this.options.intervalMs ?? REPORT_INTERVAL_MS);
    this.timer.unref();
  }

  /** Tells what is left. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.reporting;
    if (this.timer !== undefined) await this.report();
    this.timer = undefined;
  }

  /** Never rejects. */
  private async report(): Promise<void> {
    const told = [...this.untold].slice(0, USES_MAX);
    if (told.length === 0) return;
    try {
      await this.send(told);
      for (const [keyId, usedMs] of told) {
        // Used again meanwhile: for the next time.
        if (this.untold.get(keyId) === usedMs) this.untold.delete(keyId);
      }
      this.isFailing = false;
    } catch (error) {
      if (this.isFailing) return;
      this.isFailing = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.options.log.warn(`the console was not told which keys are used: ${reason}`);
    }
  }

  private async send(told: readonly (readonly [string, number])[]): Promise<void> {
    const uses = told.map(([keyId, usedMs]) => ({
      keyId,
      lastUsedAt: new Date(usedMs).toISOString(),
    }));
    await postToConsole(this.console, "internal/key-uses", { body: { uses } });
  }
}
