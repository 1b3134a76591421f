import process from "node:process";
import type { Telemetry } from "./telemetry.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Sends the last spans before the process ends, if the SDK is ours. A signal that nobody else listens to ends
 * the process as before, only after the flush; where the application listens, it decides. `process.exit()`
 * cannot be waited for: call `shutdown()` before it.
 */
export function flushAtExit(telemetry: Telemetry): void {
  process.once("beforeExit", () => {
    if (telemetry.ownsSdk) void telemetry.flush();
  });
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      const isAlone = process.listenerCount(signal) === 0;
      const flushed = telemetry.ownsSdk ? telemetry.flush() : Promise.resolve();
      // Our listener is gone by now: the signal does what it does.
      if (isAlone) void flushed.then(() => process.kill(process.pid, signal));
    });
  }
}
