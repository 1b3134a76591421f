import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { runCompaction } from "../compaction/run-compaction.ts";
import type { CompactionOutcome } from "../compaction/compact-lake.ts";
import { openLocalFiles } from "../lake/local-cache.ts";
import { openLake } from "../lake/open-lake.ts";
import type { LakeIndex } from "../lake/read-manifest.ts";
import { openStore } from "../object-store/open-store.ts";
import type { StoreSettings } from "../object-store/open-store.ts";
import { readPriceBook } from "../prices/merge-overrides.ts";
import { expireFiles } from "../retention/expire-files.ts";
import type { ExpiryOutcome } from "../retention/expire-files.ts";
import type { RetentionPolicy } from "../retention/retention-policy.ts";
import { sealLake } from "../seals/seal-lake.ts";
import type { SealOutcome } from "../seals/seal-lake.ts";
import { LakeReview } from "../recompute/lake-review.ts";
import type { ReviewedFiles, ReviewOutcome } from "../recompute/lake-review.ts";

/** Entry of a thread that keeps a lake in order, one piece of work per message: each takes seconds on a busy lake. */
export interface LakeWorkerData {
  readonly lakeUrl: string;
  readonly store: StoreSettings;
  readonly region: string;
  /** Copies of a remote lake's files; nobody else uses it. */
  readonly cacheFolder: string;
  /** For files on their way; nobody else uses it. */
  readonly workFolder: string;
  readonly pricesFile: string;
  readonly retention: RetentionPolicy;
  /** Part of the names of corrections that it lands. */
  readonly writer: string;
  /** From the thread before it, when that left. */
  readonly reviewed?: ReviewedFiles | undefined;
}

/** What it is asked for, and what comes of it. */
export interface Outcomes {
  readonly review: ReviewOutcome;
  readonly compact: CompactionOutcome & { readonly expired: ExpiryOutcome };
  readonly seal: SealOutcome;
  /** Undefined: there is work left, and the thread stays. Otherwise nothing else is asked of it. */
  readonly leave: ReviewedFiles | undefined;
}

/** What it needs for that. */
export interface Inputs {
  /** What projects have set in the console. */
  readonly review: readonly PriceEntry[];
  readonly compact: undefined;
  /** Of the console. */
  readonly seal: SigningKeyPair;
  readonly leave: undefined;
}

/** A message to it. */
export interface WorkOrder<Kind extends keyof Outcomes = keyof Outcomes> {
  readonly kind: Kind;
  readonly input: Inputs[Kind];
}

/** What it answers to a message. */
export type WorkReport<Kind extends keyof Outcomes> =
  | { readonly kind: "done"; readonly outcome: Outcomes[Kind] }
  | { readonly kind: "failed"; readonly message: string };

type Work = {
  readonly [Kind in keyof Outcomes]: (input: Inputs[Kind]) => Promise<Outcomes[Kind]>;
};

const now = (): Date => new Date();
const runId = (): string => randomBytes(4).toString("hex");

const CACHE_BYTES_MAX = 1024 ** 3;

async function openWork(data: LakeWorkerData): Promise<Work> {
  const { lakeUrl, region, cacheFolder, workFolder, pricesFile, retention, writer, reviewed } =
    data;
  const store = await openStore(lakeUrl, data.store);
  const lake = openLake({ store, region });
  const files = await openLocalFiles({ store, folder: cacheFolder, maxBytes: CACHE_BYTES_MAX });
  let setPrices: readonly PriceEntry[] = [];
  const review = new LakeReview({
    lake,
    files,
    book: () => readPriceBook(pricesFile, setPrices),
    writer,
    now,
    reviewed,
  });
  // One index for all: what compaction takes in, the review hears of.
  const freshIndex = (): Promise<LakeIndex> => review.freshIndex();
  return {
    leave: () => Promise.resolve(review.reviewed()),
    review: (prices) => {
      setPrices = prices;
      return review.review();
    },
    compact: async () => {
      const expired = await expireFiles({ lake, freshIndex, policy: retention, now });
      const merged = await runCompaction({ lake, files, freshIndex, workFolder, now, runId });
      return { ...merged, expired };
    },
    seal: (key) => sealLake({ lake, key, now: now() }),
  };
}

let opening: Promise<Work> | undefined;

/** A store that could not be opened is opened by whoever comes next: what kept it away may have passed. */
async function opened(): Promise<Work> {
  opening ??= openWork(workerData as LakeWorkerData);
  try {
    return await opening;
  } catch (error) {
    opening = undefined;
    throw error;
  }
}

async function answer<Kind extends keyof Outcomes>({
  kind,
  input,
}: WorkOrder<Kind>): Promise<WorkReport<Kind>> {
  try {
    return { kind: "done", outcome: await (await opened())[kind](input) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on("message", (order: WorkOrder) => {
  void answer(order).then((report) => parentPort?.postMessage(report, []));
});
