import type { LakeThread } from "@lensai/analytics/upkeep/lake-thread";
import { claimJob, JOB_LOCKS } from "../db/claim-job.ts";
import { ensureConsoleKey } from "../services/console-key/ensure.ts";
import type { ServiceContext } from "../services/context.ts";
import { recordedPrices } from "../services/prices/list.ts";
import { logInfo } from "../log.ts";
import { createRepeatedJob } from "./repeated-job.ts";
import type { Settlement } from "./settlement.ts";

/** What is done as the lake grows. */
export interface LakeJobs {
  start(): void;
  /** Something has landed. */
  landed(): void;
  /** Budgets may have changed. */
  reconsider(): void;
  /** Why bills are not reviewed at the moment; undefined when they are. */
  reviewProblem(): string | undefined;
  /** Why the lake is not sealed at the moment; undefined when it is. */
  sealProblem(): string | undefined;
  /** What is not done at the moment, one sentence each. */
  warnings(): readonly string[];
  /** Waits for what runs. */
  stop(): Promise<void>;
}

export interface LakeJobsOptions {
  readonly services: ServiceContext;
  readonly thread: LakeThread;
  readonly settlement: Settlement;
  /** The ledgers of these projects have moved. */
  readonly onSettled: (projectIds: ReadonlySet<string>) => void;
  /** Corrections have landed. */
  readonly onCorrected: () => void;
}

/** How long a bill that only all records together can tell may be wrong. */
const REVIEW_PAUSE_MS = 20_000;
/** How long a call that has landed may be missing from the budgets that it is under. */
const SETTLEMENT_PAUSE_MS = 200;
/** Some dozen landings, which is what a merge takes. */
const COMPACTION_PAUSE_MS = 120_000;
/** Seals are made every ten minutes at most; whether one is due is asked this often. */
const SEAL_PAUSE_MS = 60_000;
/** Budgets begin to count at times of their own. */
const SETTLEMENT_REST_MS = 30_000;
/** Old files are deleted some time after they were replaced. */
const UPKEEP_REST_MS = 600_000;

export function createLakeJobs(options: LakeJobsOptions): LakeJobs {
  const { thread } = options;
  const { reviews, settlements, compactions, seals } = createJobs(options);
  const jobs = [reviews, settlements, compactions, seals];
  return {
    start: () => {
      for (const job of jobs) job.start();
    },
    landed: () => {
      for (const job of jobs) job.wake();
    },
    reconsider: () => settlements.wake(),
    reviewProblem: () => reviews.problem(),
    sealProblem: () => seals.problem(),
    warnings: () => [
      ...warningOf("bills are not reviewed", reviews.problem()),
      ...warningOf("budgets are not settled", settlements.problem()),
      ...warningOf("the lake is not compacted", compactions.problem()),
      ...warningOf("the lake is not sealed", seals.problem()),
    ],
    stop: async () => {
      // Reviews, compactions and seals end with their thread.
      await Promise.all([...jobs.map((job) => job.stop()), thread.stop()]);
    },
  };
}

function createJobs({ services, thread, settlement, onSettled, onCorrected }: LakeJobsOptions) {
  const claimed = (lock: number) => (work: () => Promise<boolean>) =>
    claimJob(services.db, lock, work);
  const reviews = createRepeatedJob({
    failure: "bills could not be reviewed",
    work: async () => {
      const { corrections, hoursLeft } = await thread.review(await recordedPrices(services.db));
      if (corrections > 0) onCorrected();
      return hoursLeft > 0;
    },
    claim: claimed(JOB_LOCKS.lakeReview),
    pauseMs: REVIEW_PAUSE_MS,
    restMs: UPKEEP_REST_MS,
  });
  const settlements = createRepeatedJob({
    failure: "budgets could not be settled",
    work: async () => {
      const changes = await settlement.settle();
      if (changes.length > 0) onSettled(new Set(changes.map(({ key }) => key.projectId)));
      return false;
    },
    claim: claimed(JOB_LOCKS.settlement),
    pauseMs: SETTLEMENT_PAUSE_MS,
    restMs: SETTLEMENT_REST_MS,
  });
  const compactions = createRepeatedJob({
    failure: "the lake could not be compacted",
    work: async () => {
      const { merged, expired } = await thread.compact();
      if (expired.files > 0) logInfo("what was kept for long enough is deleted", { ...expired });
      return merged > 0;
    },
    claim: claimed(JOB_LOCKS.lakeCompaction),
    pauseMs: COMPACTION_PAUSE_MS,
    restMs: UPKEEP_REST_MS,
  });
  const seals = createRepeatedJob({
    failure: "the lake could not be sealed",
    work: async () => {
      await thread.seal(await ensureConsoleKey(services));
      return false;
    },
    claim: claimed(JOB_LOCKS.lakeSeal),
    pauseMs: SEAL_PAUSE_MS,
    restMs: UPKEEP_REST_MS,
  });
  return { reviews, settlements, compactions, seals };
}

const warningOf = (what: string, problem: string | undefined): readonly string[] =>
  problem === undefined ? [] : [`${what}: ${problem}`];
