/** How often that is looked at which changes slowly, or which no row tells: keys that end, collectors that are silent. */
const SLOW_INTERVAL_MS = 60_000;

/** What there is to look at. News that come while a project is looked at are for the next look. */
export interface Agenda {
  /** Rows of these projects have landed. */
  add(projectIds: Iterable<string>): void;
  /** Something of this project is held back: it is looked at with what changes slowly. */
  addSlow(projectId: string): void;
  /** Every project is to be looked at. */
  addAll(): void;
  /** How long until there is something to do, and `pauseMs` at least. */
  dueInMs(pauseMs: number): number;
  /** Is it time for what changes slowly? */
  isSlowDue(): boolean;
  /** What changes slowly was looked at. */
  slowDone(): void;
  /** The projects to look at; `allIds` are asked for only when every project is meant. */
  projects(allIds: () => Promise<readonly string[]>): Promise<readonly string[]>;
  /** Begins with a project; `isThorough` includes what changes slowly. */
  take(projectId: string, isThorough: boolean): void;
}

export function createAgenda(): Agenda {
  const quick = new Set<string>();
  const slow = new Set<string>();
  let isEverything = false;
  let slowAtMs = Number.NEGATIVE_INFINITY;

  const slowInMs = (): number => slowAtMs + SLOW_INTERVAL_MS - performance.now();
  const add = (projectIds: Iterable<string>): void => {
    for (const projectId of projectIds) {
      quick.add(projectId);
      slow.add(projectId);
    }
  };
  return {
    add,
    addSlow: (projectId) => slow.add(projectId),
    addAll: () => (isEverything = true),
    dueInMs: (pauseMs) =>
      isEverything || quick.size > 0 ? pauseMs : Math.max(pauseMs, slowInMs()),
    isSlowDue: () => slowInMs() <= 0,
    slowDone: () => (slowAtMs = performance.now()),
    projects: async (allIds) => {
      if (isEverything) {
        isEverything = false;
        add(await allIds());
      }
      return slowInMs() <= 0 ? [...new Set([...quick, ...slow])] : [...quick];
    },
    take: (projectId, isThorough) => {
      quick.delete(projectId);
      if (isThorough) slow.delete(projectId);
    },
  };
}
