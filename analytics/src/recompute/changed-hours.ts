import type { ManifestFile } from "../lake/manifest.ts";
import { millisFromIsoMicros } from "../lake/micros.ts";
import type { TimeRange } from "../queries/query-source.ts";

const HOUR_MS = 3_600_000;
/** Records of one call lie this far apart where no trace links them; what is further apart waits for its own hour. */
const NEAR_MS = 10 * 60_000;
/** How far back the recent past goes: clients that were offline over a day are covered; older hours are left to an operator. */
const RECENT_MS = 48 * HOUR_MS;
/** Clocks run ahead a little. */
const AHEAD_MS = HOUR_MS;

export interface ChangedHour {
  readonly projectId: string;
  readonly range: TimeRange;
}

/** Hours of the recent past in which rows have landed whose bills nobody has looked at since. */
export class ChangedHours {
  /** By project and hour since the epoch. */
  private readonly changed = new Map<string, Set<number>>();

  get count(): number {
    let count = 0;
    for (const hours of this.changed.values()) count += hours.size;
    return count;
  }

  /** Notes the hours that new files of rows touch. */
  note(files: readonly ManifestFile[], nowMs: number): void {
    const earliest = hourOf(nowMs - RECENT_MS);
    const latest = hourOf(nowMs + AHEAD_MS);
    for (const file of files) {
      const { first, last } = touchedHours(file);
      for (let hour = Math.max(earliest, first); hour <= Math.min(latest, last); hour += 1) {
        for (const project of file.projects) this.noteHour(project, hour);
      }
    }
  }

  /** The newest of them, at most so many, which then are no longer noted. */
  take(max: number): ChangedHour[] {
    const all = [...this.changed].flatMap(([projectId, hours]) =>
      Array.from(hours, (hour) => ({ projectId, hour })),
    );
    const newest = all.toSorted((left, right) => right.hour - left.hour).slice(0, max);
    for (const { projectId, hour } of newest) this.changed.get(projectId)?.delete(hour);
    return newest.map(({ projectId, hour }) => ({
      projectId,
      range: { fromUnixMs: hour * HOUR_MS, toUnixMs: (hour + 1) * HOUR_MS },
    }));
  }

  /** What was taken and could not be looked at. */
  giveBack(hours: readonly ChangedHour[]): void {
    for (const { projectId, range } of hours) this.noteHour(projectId, hourOf(range.fromUnixMs));
  }

  private noteHour(projectId: string, hour: number): void {
    const hours = this.changed.get(projectId) ?? new Set<number>();
    this.changed.set(projectId, hours.add(hour));
  }
}

/** Could `note` note anything of the file, now or later? */
export function touchesRecentHours(file: ManifestFile, nowMs: number): boolean {
  return touchedHours(file).last >= hourOf(nowMs - RECENT_MS);
}

function touchedHours({ kind, minStartTime, maxStartTime }: ManifestFile): {
  readonly first: number;
  readonly last: number;
} {
  if (kind !== "spans") return { first: 0, last: -1 };
  return {
    first: hourOf((millisFromIsoMicros(minStartTime) ?? 0) - NEAR_MS),
    last: hourOf((millisFromIsoMicros(maxStartTime) ?? 0) + NEAR_MS),
  };
}

function hourOf(unixMs: number): number {
  return Math.max(0, Math.floor(unixMs / HOUR_MS));
}
