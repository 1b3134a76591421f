import { parentPort, workerData } from "node:worker_threads";
import type { Correction } from "@lensai/analytics/corrections/correction";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake } from "@lensai/analytics/lake/open-lake";
import type { Lake } from "@lensai/analytics/lake/open-lake";
import { openStore } from "@lensai/analytics/object-store/open-store";
import type { StoreSettings } from "@lensai/analytics/object-store/open-store";
import { replacedRows } from "@lensai/otel-config/span-row/replaced-rows";
import { BatchBilling } from "../billing/batch-billing.ts";
import { serveLandings } from "./serve-landings.ts";

/** Entry of the landing thread: encodes, compresses and uploads, so that the ack thread never does. */
export interface LanderWorkerData {
  readonly lakeUrl: string;
  readonly store: StoreSettings;
  readonly region: string;
}

let lake: Lake | undefined;
const billing = new BatchBilling();
let billed: { readonly name: string; readonly corrections: readonly Correction[] } | undefined;

if (parentPort !== null) {
  const { lakeUrl, store, region } = workerData as LanderWorkerData;
  serveLandings(parentPort, async (batch, options) => {
    lake ??= openLake({ store: await openStore(lakeUrl, store), region });
    // Once per landing, however often it has to be tried.
    if (billed?.name !== options.name) {
      const corrections = billing.bill(batch, options.landedAt.getTime());
      billed = { name: options.name, corrections };
    }
    const { corrections } = billed;
    const commit = await appendRows(lake, batch, { ...options, corrections });
    const spanFiles = commit?.add.filter(({ kind }) => kind === "spans") ?? [];
    // A row that another of the same span replaces is in no file, and not missing from one.
    const replaced = batch.hasRepeats ? replacedRows(batch).size : 0;
    return spanFiles.reduce((rows, file) => rows + file.rows, replaced);
  });
}
