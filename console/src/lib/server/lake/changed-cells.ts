import type { ManifestFile } from "@lensai/analytics/lake/manifest";
import { millisFromIsoMicros } from "@lensai/analytics/lake/micros";
import { CELL_MS, cellStartOf } from "../services/ledger/spend-cells.ts";

export interface CellRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What one query reads: a day in four. */
const RANGE_MS_MAX = 6 * 3_600_000;
/** Times of records further off are mistakes of their clocks, and in no period of a budget. */
const PAST_MS_MAX = 400 * 86_400_000;
export const AHEAD_MS_MAX = 86_400_000;

/** The quarters of hours in which records have landed that nobody has counted since. */
export class ChangedCells {
  /** By project. */
  readonly #changed = new Map<string, Set<number>>();

  /** What began before `keptFromMs` is not noted: the lake does not say any more what else began with it. */
  note(
    files: readonly ManifestFile[],
    { nowMs, keptFromMs }: { readonly nowMs: number; readonly keptFromMs: number },
  ): void {
    const earliest = Math.max(cellStartOf(nowMs - PAST_MS_MAX), keptFromMs);
    const latest = cellStartOf(nowMs + AHEAD_MS_MAX);
    for (const { kind, projects, minStartTime, maxStartTime } of files) {
      if (kind !== "spans" && kind !== "corrections") continue;
      const from = Math.max(earliest, cellStartOf(millisFromIsoMicros(minStartTime) ?? 0));
      const to = Math.min(latest, cellStartOf(millisFromIsoMicros(maxStartTime) ?? 0));
      for (let cell = from; cell <= to; cell += CELL_MS) {
        for (const projectId of projects) this.#note(projectId, cell);
      }
    }
  }

  get projects(): readonly string[] {
    return [...this.#changed.keys()];
  }

  /** Those of a project, as few ranges; they are no longer noted. */
  take(projectId: string): CellRange[] {
    const cells = [...(this.#changed.get(projectId) ?? [])].toSorted((one, other) => one - other);
    this.#changed.delete(projectId);
    return rangesOf(cells);
  }

  /** What was taken and could not be counted. */
  giveBack(projectId: string, { fromMs, toMs }: CellRange): void {
    for (let cell = fromMs; cell < toMs; cell += CELL_MS) this.#note(projectId, cell);
  }

  #note(projectId: string, cell: number): void {
    const cells = this.#changed.get(projectId) ?? new Set<number>();
    this.#changed.set(projectId, cells.add(cell));
  }
}

/** A time in pieces that one query reads each. */
export function piecesOf({ fromMs, toMs }: CellRange): CellRange[] {
  const pieces: CellRange[] = [];
  for (let at = fromMs; at < toMs; at += RANGE_MS_MAX) {
    pieces.push({ fromMs: at, toMs: Math.min(at + RANGE_MS_MAX, toMs) });
  }
  return pieces;
}

function rangesOf(cells: readonly number[]): CellRange[] {
  const ranges: { fromMs: number; toMs: number }[] = [];
  for (const cell of cells) {
    const last = ranges.at(-1);
    if (last?.toMs === cell) last.toMs += CELL_MS;
    else ranges.push({ fromMs: cell, toMs: cell + CELL_MS });
  }
  return ranges.flatMap((range) => piecesOf(range));
}
