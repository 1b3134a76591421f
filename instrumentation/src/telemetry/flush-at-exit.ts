import process from "node:process";
import { limited } from "./telemetry.ts";
import type { Telemetry } from "./telemetry.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Sends the last spans before the process ends, if the SDK is ours, and then gives back what budgets it holds. A signal that nobody else listens to ends
 * the process as before, only after the flush; where the application listens, it decides. `process.exit()`
 * cannot be waited for: call `shutdown()` before it.
 */
export function flushAtExit(telemetry: Telemetry, giveBack: () => Promise<void>): void {
  const flush = async (): Promise<void> => {
    // Ends the calls that run, before anything is awaited: what they cost is known when it is told.
    const flushed = telemetry.ownsSdk ? telemetry.flush() : undefined;
    await Promise.all([flushed, limited(giveBack())]);
  };
  process.once("beforeExit", () => void flush());
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      const isAlone = process.listenerCount(signal) === 0;
      const flushed = flush();
      // Our listener is gone by now: the signal does what it does.
      if (isAlone) void flushed.then(() => process.kill(process.pid, signal));
    });
  }
}
