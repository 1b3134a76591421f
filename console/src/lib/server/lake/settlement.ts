import type { ManifestFile } from "@lensai/analytics/lake/manifest";
import { recordsKeptFromMs } from "@lensai/analytics/retention/retention-policy";
import type { RetentionPolicy } from "@lensai/analytics/retention/retention-policy";
import { SAME_CALL_MS, spendGroups } from "@lensai/analytics/queries/spend-groups";
import type { SpendGroup } from "@lensai/analytics/queries/spend-groups";
import type { PeriodRule } from "../../budgets/period.ts";
import type { Budget } from "../services/budgets/budget.ts";
import type { ServiceContext } from "../services/context.ts";
import { repairCounters } from "../services/ledger/repair-counters.ts";
import {
  firstCountedMs,
  recordSettlement,
  settledBudgets,
} from "../services/ledger/settlements.ts";
import type { SettledBudget } from "../services/ledger/settlements.ts";
import { settleSpend } from "../services/ledger/settle-spend.ts";
import type { SettledChange } from "../services/ledger/settle-spend.ts";
import { CELL_MS, cellStartOf } from "../services/ledger/spend-cells.ts";
import { AHEAD_MS_MAX, ChangedCells, piecesOf } from "./changed-cells.ts";
import type { CellRange } from "./changed-cells.ts";
import type { LakeReader } from "./lake-reader.ts";

export interface SettlementOptions extends Pick<ServiceContext, "db" | "now"> {
  readonly lake: LakeReader;
  /** What is deleted stays counted as it was: the lake says nothing about it any more. */
  readonly retention: RetentionPolicy;
}

const MINUTE_MS = 60_000;

/** Makes the ledgers of budgets agree with the lake. Only one may do so at a time (`claimJob`). */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #newFiles: () => Promise<readonly ManifestFile[]>;
  readonly #changed = new ChangedCells();

  constructor(options: SettlementOptions) {
    this.#options = options;
    this.#newFiles = options.lake.follow();
  }

  /** Counts what has landed since the last time, and budgets that were not counted before. */
  async settle(): Promise<readonly SettledChange[]> {
    const { db, now } = this.#options;
    const settled = await settledBudgets(db);
    // Whoever makes a budget has what there was before counted, too.
    if (settled.length === 0) return [];
    const nowMs = now().getTime();
    this.#changed.note(await this.#newFiles(), { nowMs, keptFromMs: this.#keptFromMs(nowMs) });
    const first: SettledChange[] = [];
    for (const each of settled) {
      if (each.countedFromMs === undefined) first.push(...(await this.#count(each)));
    }
    return [...first, ...(await this.#countChanged(await settledBudgets(db)))];
  }

  /** Counts everything anew that the ledgers of a project count, or of all; answers what was wrong. */
  async rebuild(projectId: string | undefined): Promise<readonly SettledChange[]> {
    const { db, lake } = this.#options;
    await lake.refresh();
    const moves: SettledChange[] = [];
    for (const each of await settledBudgets(db)) {
      if (projectId !== undefined && each.budget.projectId !== projectId) continue;
      moves.push(...(await repairCounters(db, each.budget)), ...(await this.#count(each)));
    }
    return moves.filter(({ moreNanoUsd }) => moreNanoUsd !== 0n);
  }

  /** One budget, over all that it counts. */
  async #count({ budget, countedFromMs }: SettledBudget): Promise<SettledChange[]> {
    const { db, now } = this.#options;
    const at = now();
    const countedFrom = countedFromMs ?? firstCountedMs(budget, at.getTime());
    if (countedFrom === undefined) return [];
    const keptFromMs = this.#keptFromMs(at.getTime());
    const fromMs = Math.max(countedFrom, keptFromMs);
    const toMs = cellStartOf(at.getTime() + AHEAD_MS_MAX) + CELL_MS;
    const groups: SpendGroup[] = [];
    for (const piece of piecesOf({ fromMs, toMs })) {
      for (const group of await this.#read([budget], piece)) groups.push(group);
    }
    const { projectId } = budget;
    // Also what was counted of other times, by other terms: it is gone. By the same terms, what is deleted stays counted.
    const isCounted = countedFromMs !== undefined;
    const replaced = { fromMs: isCounted ? keptFromMs : 0, toMs: LAST_MS };
    const moves = await settleSpend(db, { projectId, budgets: [budget], ...replaced, groups });
    await recordSettlement(db, budget, { countedFromMs: countedFrom, now: at });
    return moves;
  }

  async #countChanged(settled: readonly SettledBudget[]): Promise<SettledChange[]> {
    const moves: SettledChange[] = [];
    for (const projectId of this.#changed.projects) {
      const counted = settled.filter(({ budget }) => budget.projectId === projectId);
      for (const range of this.#changed.take(projectId)) {
        try {
          moves.push(...(await this.#countRange(counted, projectId, range)));
        } catch (error) {
          this.#changed.giveBack(projectId, range);
          throw error;
        }
      }
    }
    return moves;
  }

  async #countRange(
    settled: readonly SettledBudget[],
    projectId: string,
    range: CellRange,
  ): Promise<SettledChange[]> {
    const moves: SettledChange[] = [];
    for (const { fromMs, budgets } of countedWithin(settled, range)) {
      const counted = { fromMs, toMs: range.toMs };
      const groups = await this.#read(budgets, counted);
      const reading = { projectId, budgets, ...counted, groups };
      moves.push(...(await settleSpend(this.#options.db, reading)));
    }
    return moves;
  }

  #keptFromMs(nowMs: number): number {
    return recordsKeptFromMs(this.#options.retention, nowMs) ?? 0;
  }

  /** Of the project that the budgets are of. */
  async #read(budgets: readonly Budget[], { fromMs, toMs }: CellRange): Promise<SpendGroup[]> {
    const projectId = budgets[0]?.projectId ?? "";
    const range = { fromUnixMs: fromMs, toUnixMs: toMs };
    const boundariesUnixMs = oddBoundaries(budgets, { fromMs, toMs });
    // Other records of the same calls may have started in a cell beside it.
    const around = {
      fromUnixMs: Math.max(0, fromMs - SAME_CALL_MS),
      toUnixMs: toMs + SAME_CALL_MS,
    };
    return this.#options.lake.askOnce({ projectId, ...around }, (target) =>
      spendGroups(projectId, { ...range, boundariesUnixMs }, target),
    );
  }
}

/** The last moment of a JavaScript date that PostgreSQL takes as well. */
const LAST_MS = Date.UTC(9999, 0);

/** The budgets that count some of the range, by from when on. What is older is nobody's. */
function countedWithin(
  settled: readonly SettledBudget[],
  { fromMs, toMs }: CellRange,
): { readonly fromMs: number; readonly budgets: Budget[] }[] {
  const counting = settled.flatMap(({ budget, countedFromMs = Infinity }) =>
    countedFromMs < toMs ? [{ budget, fromMs: Math.max(fromMs, countedFromMs) }] : [],
  );
  return Array.from(
    Map.groupBy(counting, (each) => each.fromMs),
    ([from, group]) => ({ fromMs: from, budgets: group.map(({ budget }) => budget) }),
  );
}

/** Totals may begin and end at any moment; all other periods begin with a minute. */
function oddBoundaries(budgets: readonly Budget[], { fromMs, toMs }: CellRange): number[] {
  const found = budgets.flatMap(({ period, createdAt }) => boundariesOf(period, createdAt));
  const odd = found.filter((ms) => ms % MINUTE_MS !== 0 && ms > fromMs && ms < toMs);
  return [...new Set(odd)].toSorted((one, other) => one - other);
}

function boundariesOf(period: PeriodRule, createdAt: Date): number[] {
  if (period.kind !== "total") return [];
  const { startsAt, endsAt } = period;
  const startMs = startsAt === undefined ? createdAt.getTime() : Date.parse(startsAt);
  return endsAt === undefined ? [startMs] : [startMs, Date.parse(endsAt)];
}
