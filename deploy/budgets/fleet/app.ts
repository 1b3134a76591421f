// One process of the fleet: an application that calls a model with a provider's SDK, several callers at once.
import { flushCompileCache } from "node:module";
import type { AppCommand, AppOptions, AppReport } from "./app-options.ts";
import { AppCalls } from "./app-calls.ts";

const options = JSON.parse(process.env["FLEET_APP"] ?? "{}") as AppOptions;
/** Undefined while nobody is to call. */
let calls: AppCalls | undefined;

const report = (what: AppReport): void => void process.send?.(what);

async function obey(asked: AppCommand): Promise<void> {
  if (asked.command === "change-prices") calls?.changePrices(asked.prices);
  if (asked.command === "stop") calls?.stop();
  // The channel would keep it alive; what ends by itself sends its spans and gives its leases back.
  if (asked.command === "end") process.disconnect();
  if (asked.command !== "go") return;
  calls = new AppCalls(options, asked.run, report);
  await calls.untilStopped();
  calls = undefined;
  report({ kind: "stopped" });
}

// Whoever started it has gone before the end.
process.on("disconnect", () => {
  if (calls !== undefined) process.exit(1);
});
process.on("message", (asked: AppCommand) => void obey(asked));
flushCompileCache();
report({ kind: "ready" });
