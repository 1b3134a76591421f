import { parentPort, workerData } from "node:worker_threads";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake } from "@lensai/analytics/lake/open-lake";
import type { Lake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import type { StoreSettings } from "@lensai/analytics/object-store/open-store";
import { serveLandings } from "./serve-landings.ts";

/** Entry of the landing thread: encodes, compresses and uploads, so that the ack thread never does. */
export interface LanderWorkerData {
  readonly lakeUrl: string;
  readonly store: StoreSettings;
  readonly region: string;
}

const { lakeUrl, store, region } = workerData as LanderWorkerData;
let lake: Lake | undefined;

if (parentPort !== null) {
  serveLandings(parentPort, async (batch, options) => {
    lake ??= openLake({ store: await openStore(lakeUrl, store), region });
    const commit = await appendRows(lake, batch, options);
    const spanFiles = commit?.add.filter(({ kind }) => kind === "spans") ?? [];
    return spanFiles.reduce((rows, file) => rows + file.rows, 0);
  });
}
