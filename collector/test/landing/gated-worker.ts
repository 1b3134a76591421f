import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { LensError } from "@lensai/otel-config/errors";
import { serveLandings } from "../../src/landing/serve-landings.ts";

/**
 * A landing thread whose store misbehaves while a file exists: `stall` waits for its end, `fail` answers with
 * a retryable error, `refuse` with one that is not, `die` ends the thread.
 */
export interface GatedWorkerData {
  readonly lakeUrl: string;
  readonly gate: string;
  readonly mode: "stall" | "fail" | "refuse" | "die";
}

const { lakeUrl, gate, mode } = workerData as GatedWorkerData;

if (parentPort !== null) {
  serveLandings(
    parentPort,
    async (batch, options) => {
      while (existsSync(gate)) {
        if (mode === "die") process.exit(3);
        if (mode === "fail") throw unavailable();
        if (mode === "refuse") throw new LensError("lake.store_refused", "wrong credentials");
        await delay(2);
      }
      const lake = openLake({ store: await openStore(lakeUrl), region: "local" });
      const commit = await appendRows(lake, batch, options);
      const spanFiles = commit?.add.filter(({ kind }) => kind === "spans") ?? [];
      return spanFiles.reduce((rows, file) => rows + file.rows, 0);
    },
    { basePauseMs: 1, maxPauseMs: 20 },
  );
}

function unavailable(): LensError {
  return new LensError("lake.store_unavailable", "the store is away", { retryable: true });
}
