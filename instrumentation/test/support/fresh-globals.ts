import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { afterAll } from "vitest";

/**
 * Files share their process, and an SDK that has shut down stays registered: what a file leaves in
 * OpenTelemetry's globals and in ours goes with it.
 */
afterAll(() => {
  for (const api of [trace, context, propagation, metrics]) api.disable();
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (symbol.description?.startsWith("lensai.") === true)
      Reflect.deleteProperty(globalThis, symbol);
  }
});
