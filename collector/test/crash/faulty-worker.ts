import { parentPort, workerData } from "node:worker_threads";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { faultyStore } from "../../../analytics/test/faulty-store.ts";
import type { StoreFault } from "../../../analytics/test/faulty-store.ts";
import { serveLandings } from "../../src/landing/serve-landings.ts";
import { seededRandom } from "./seeded-random.ts";

/** A landing thread whose store fails, stalls and half-writes at seeded random. */
export interface FaultyWorkerData {
  readonly lakeUrl: string;
  readonly seed: number;
}

const FAULTS: readonly StoreFault[] = ["fail-before", "fail-after", "half-write", "stall"];
const FAULT_SHARE = 0.3;
const STALL_MS = 150;

const { lakeUrl, seed } = workerData as FaultyWorkerData;

if (parentPort !== null) {
  const random = seededRandom(seed);
  const nextFault = (): StoreFault | undefined =>
    random() < FAULT_SHARE ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
  const faulty = faultyStore(await openStore(lakeUrl), nextFault);
  setInterval(() => faulty.release(), STALL_MS).unref();
  const lake = openLake({ store: faulty.store, region: "local" });
  serveLandings(
    parentPort,
    async (batch, options) => {
      const commit = await appendRows(lake, batch, options);
      const spanFiles = commit?.add.filter(({ kind }) => kind === "spans") ?? [];
      return spanFiles.reduce((rows, file) => rows + file.rows, 0);
    },
    { basePauseMs: 1, maxPauseMs: 30 },
  );
}
