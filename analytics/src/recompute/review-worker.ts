import { parentPort, workerData } from "node:worker_threads";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { openLocalFiles } from "../lake/local-cache.ts";
import { openLake } from "../lake/open-lake.ts";
import { openStore } from "../object-store/open-store.ts";
import type { StoreSettings } from "../object-store/open-store.ts";
import { readPriceFile } from "../prices/price-file.ts";
import { LakeReview } from "./lake-review.ts";
import type { ReviewOutcome } from "./lake-review.ts";

/** Entry of a thread that reviews a lake, one review per message: deciding takes seconds on a busy lake. */
export interface ReviewWorkerData {
  readonly lakeUrl: string;
  readonly store: StoreSettings;
  readonly region: string;
  /** Copies of a remote lake's files; nobody else uses it. */
  readonly cacheFolder: string;
  readonly pricesFile: string;
  readonly writer: string;
}

/** What it answers to a message. */
export type ReviewReport =
  | { readonly kind: "reviewed"; readonly outcome: ReviewOutcome }
  | { readonly kind: "failed"; readonly message: string };

const CACHE_BYTES_MAX = 1024 ** 3;

async function openReview(data: ReviewWorkerData): Promise<LakeReview> {
  const { lakeUrl, region, cacheFolder, pricesFile, writer } = data;
  const store = await openStore(lakeUrl, data.store);
  return new LakeReview({
    lake: openLake({ store, region }),
    files: await openLocalFiles({ store, folder: cacheFolder, maxBytes: CACHE_BYTES_MAX }),
    book: async () => {
      const overrides = await readPriceFile(pricesFile);
      return createPriceBook(overrides === undefined ? [] : [overrides]);
    },
    writer,
    now: () => new Date(),
  });
}

let opening: Promise<LakeReview> | undefined;

async function answer(): Promise<ReviewReport> {
  try {
    opening ??= openReview(workerData as ReviewWorkerData);
    return { kind: "reviewed", outcome: await (await opening).review() };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", () => {
  void answer().then((report) => parentPort?.postMessage(report, []));
});
