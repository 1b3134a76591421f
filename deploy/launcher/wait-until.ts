import { setTimeout as delay } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";

/** Between two looks at a starting process: short against a start, long against the cost of a look. */
const POLL_MS = 50;

/** Polls until the condition holds. Throws LensError `internal` after `timeoutMs`; errors of the condition pass through. */
export async function waitUntil(
  condition: () => Promise<boolean>,
  options: { readonly timeoutMs: number; readonly what: string },
): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new LensError(
        "internal",
        `waited ${options.timeoutMs / 1000} s for ${options.what}, in vain`,
      );
    }
    await delay(POLL_MS);
  }
}
