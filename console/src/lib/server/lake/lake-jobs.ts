import type { ReviewThread } from "@lensai/analytics/recompute/review-thread";
import { claimJob, JOB_LOCKS } from "../db/claim-job.ts";
import type { ServiceContext } from "../services/context.ts";
import { createRepeatedJob } from "./repeated-job.ts";
import type { Settlement } from "./settlement.ts";

/** What is done again and again as the lake grows. */
export interface LakeJobs {
  start(): void;
  /** Why bills are not reviewed at the moment; undefined when they are. */
  reviewProblem(): string | undefined;
  /** What is not done at the moment, one sentence each. */
  warnings(): readonly string[];
  /** Waits for what runs. */
  stop(): Promise<void>;
}

export interface LakeJobsOptions {
  readonly services: Pick<ServiceContext, "db">;
  readonly thread: ReviewThread;
  readonly settlement: Settlement;
  /** The ledgers of these projects have moved. */
  readonly onSettled: (projectIds: ReadonlySet<string>) => void;
}

/** How long a bill that only all records together can tell may be wrong. */
const REVIEW_PAUSE_MS = 20_000;
/** How long a call that has landed may be missing from the budgets that it is under. */
const SETTLEMENT_PAUSE_MS = 1_000;

export function createLakeJobs({
  services,
  thread,
  settlement,
  onSettled,
}: LakeJobsOptions): LakeJobs {
  const claimed = (lock: number) => (work: () => Promise<unknown>) =>
    claimJob(services.db, lock, work);
  const reviews = createRepeatedJob({
    failure: "bills could not be reviewed",
    work: () => thread.review(),
    claim: claimed(JOB_LOCKS.lakeReview),
    pauseMs: REVIEW_PAUSE_MS,
  });
  const settlements = createRepeatedJob({
    failure: "budgets could not be settled",
    work: async () => {
      const changes = await settlement.settle();
      if (changes.length > 0) onSettled(new Set(changes.map(({ key }) => key.projectId)));
    },
    claim: claimed(JOB_LOCKS.settlement),
    pauseMs: SETTLEMENT_PAUSE_MS,
  });
  return {
    start: () => {
      reviews.start();
      settlements.start();
    },
    reviewProblem: () => reviews.problem(),
    warnings: () => [
      ...warningOf("bills are not reviewed", reviews.problem()),
      ...warningOf("budgets are not settled", settlements.problem()),
    ],
    stop: async () => {
      // A review ends with its thread.
      await Promise.all([reviews.stop(), settlements.stop(), thread.stop()]);
    },
  };
}

const warningOf = (what: string, problem: string | undefined): readonly string[] =>
  problem === undefined ? [] : [`${what}: ${problem}`];
