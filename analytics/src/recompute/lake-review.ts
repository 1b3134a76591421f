import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { DuckDb } from "../duckdb/connect.ts";
import { useLiveFiles } from "../lake/local-files.ts";
import type { LocalFiles } from "../lake/local-files.ts";
import { isSwap } from "../lake/manifest.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import type { Lake } from "../lake/open-lake.ts";
import { LakeIndex } from "../lake/read-manifest.ts";
import { manifestSource } from "../queries/manifest-source.ts";
import { ChangedHours, touchesRecentHours } from "./changed-hours.ts";
import { correctionNames, landCorrections, recomputeRange } from "./recompute-lake.ts";
import type { AskLake } from "./recompute-lake.ts";

/** Hours of projects looked at in one review: the rest waits for the next. */
const HOURS_PER_REVIEW = 24;
const QUERY_TIMEOUT_MS = 120_000;
const MEMORY_LIMIT = "512MB";

export interface LakeReviewOptions {
  readonly lake: Lake;
  readonly files: LocalFiles;
  readonly book: () => Promise<PriceBook>;
  /** Part of the names of what it lands; no two reviewers share one. */
  readonly writer: string;
  readonly now: () => Date;
  /** What one before it has looked at: not looked at again. */
  readonly reviewed?: ReviewedFiles | undefined;
}

/** Keys of files. */
export type ReviewedFiles = readonly string[];

export interface ReviewOutcome {
  readonly records: number;
  readonly corrections: number;
  /** Hours of projects that are still to be looked at. */
  readonly hoursLeft: number;
}

/**
 * Decides about billing again, over the recent past, wherever rows have landed since the last time. Safe to run
 * twice: who comes second finds nothing to change, or lands the same verdicts again.
 */
export class LakeReview {
  private readonly options: LakeReviewOptions;
  private readonly changed = new ChangedHours();
  private readonly nextName: () => string;
  private index: LakeIndex | undefined;

  constructor(options: LakeReviewOptions) {
    this.options = options;
    this.nextName = correctionNames(options.writer, options.now());
  }

  /** Rejects when the lake cannot be read or written; then nothing is forgotten. */
  async review(): Promise<ReviewOutcome> {
    const index = await this.freshIndex();
    const taken = this.changed.take(HOURS_PER_REVIEW);
    if (taken.length === 0) return { records: 0, corrections: 0, hoursLeft: 0 };
    const duckDb = new DuckDb({
      threads: 1,
      memoryLimit: MEMORY_LIMIT,
      timeoutMs: QUERY_TIMEOUT_MS,
    });
    try {
      const { book, files, lake, now } = this.options;
      const ask: AskLake = async (projectId, range, run) => {
        const choose = (): ManifestFile[] => index.rowFilesFor({ projectId, ...range });
        if (choose().length === 0) return undefined;
        const refresh = (): Promise<LakeIndex> => this.freshIndex();
        return await useLiveFiles(files, { choose, refresh }, (wanted, paths) =>
          run({ duckDb, source: manifestSource(wanted, paths) }),
        );
      };
      const prices = await book();
      let records = 0;
      const corrections = [];
      for (const { projectId, range } of taken) {
        const task = { projects: [projectId], range, decidedAt: now(), book: prices };
        const found = await recomputeRange(task, ask);
        records += found.records;
        for (const correction of found.corrections) corrections.push(correction);
      }
      await landCorrections(lake, corrections, { nextName: this.nextName, landedAt: now() });
      return { records, corrections: corrections.length, hoursLeft: this.changed.count };
    } catch (error) {
      this.changed.giveBack(taken);
      throw error;
    } finally {
      await duckDb.close();
    }
  }

  /** For one that goes on after this one; undefined while hours are left. */
  reviewed(): ReviewedFiles | undefined {
    if (this.changed.count > 0) return undefined;
    if (this.index === undefined) return this.options.reviewed;
    const nowMs = this.options.now().getTime();
    return this.index
      .allFiles()
      .flatMap((file) => (touchesRecentHours(file, nowMs) ? [file.key] : []));
  }

  /** The lake's files as of now. The first time, everything that it holds of the recent past is news. */
  async freshIndex(): Promise<LakeIndex> {
    const { lake, now } = this.options;
    const nowMs = now().getTime();
    if (this.index === undefined) {
      this.index = await LakeIndex.open(lake, now);
      const reviewed = new Set(this.options.reviewed);
      this.changed.note(
        this.index.allFiles().filter(({ key }) => !reviewed.has(key)),
        nowMs,
      );
    } else {
      const commits = await this.index.refresh();
      const news = commits.filter((commit) => !isSwap(commit));
      for (const { add } of news) this.changed.note(add, nowMs);
    }
    return this.index;
  }
}
