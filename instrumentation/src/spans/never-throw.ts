import { diag } from "@opentelemetry/api";

/** One report per failure and process is enough to find it; more would be a log of its own. */
const REPORTS_MAX = 20;
const reported = new Set<string>();

/**
 * Runs a part of the instrumentation. Whatever it throws stays here, and goes to OpenTelemetry's diagnostic
 * logger once: the program that is observed must not notice. Undefined when it threw.
 */
export function neverThrow<T>(what: string, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    report(what, error);
    return undefined;
  }
}

function report(what: string, error: unknown): void {
  try {
    const kind = error instanceof Error ? error.name : typeof error;
    if (reported.size >= REPORTS_MAX || reported.has(`${what} ${kind}`)) return;
    reported.add(`${what} ${kind}`);
    // The message may quote what was being read: content.
    diag.error(`@lensai/instrumentation: ${what} failed with ${kind}; the call itself goes on`);
  } catch {
    // A diagnostic logger of the application that throws is not ours to mend.
  }
}
