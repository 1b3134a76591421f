import { createRandom } from "../../seed/random.ts";
import type { StackPart } from "../stack.ts";
import type { LinkState } from "./faulty-proxy.ts";

export type Fault =
  /** SIGKILL, and started again after `downMs`. */
  | { readonly kind: "kill-process"; readonly place: number; readonly downMs: number }
  | { readonly kind: "kill-part"; readonly part: StackPart; readonly downMs: number }
  /** The way to the collector, for all processes that go it. */
  | {
      readonly kind: "cut-link";
      readonly link: number;
      readonly state: LinkState;
      readonly downMs: number;
    };

export interface PlannedFault {
  /** From the first call on. */
  readonly atMs: number;
  readonly fault: Fault;
}

/** Processes on faulty ways to the collector, by the way. */
export const FAULTY_LINKS: readonly Exclude<LinkState, "open">[] = ["refused", "silent"];

/** Of the processes: killed once, on each faulty link, with a wrong clock. */
const KILLED_SHARE = 0.15;
const CUT_OFF_SHARE = 0.05;
const RESTART_MS = 500;
const PART_DOWN_MS = 3_000;
const LINK_DOWN_MS = 6_000;

/** What clocks are wrong by. */
const SKEWS_MS = [-3_600_000, -90_000, 90_000, 3_600_000];

/** Everything that goes wrong in a run of about this length; the same for a seed. */
export function planChaos(seed: string, processes: number, durationMs: number): PlannedFault[] {
  const random = createRandom(`chaos ${seed}`);
  const kills = Array.from({ length: Math.max(1, Math.round(processes * KILLED_SHARE)) }, () => ({
    atMs: durationMs * (0.1 + 0.7 * random.next()),
    fault: {
      kind: "kill-process" as const,
      place: random.integer(0, processes - 1),
      downMs: RESTART_MS,
    },
  }));
  const parts = [
    { part: "collector", at: 0.25 },
    { part: "console", at: 0.45 },
    { part: "collector", at: 0.7 },
  ] as const;
  return [
    ...kills,
    ...parts.map(({ part, at }) => ({
      atMs: durationMs * at,
      fault: { kind: "kill-part" as const, part, downMs: PART_DOWN_MS },
    })),
    ...FAULTY_LINKS.map((state, link) => ({
      atMs: durationMs * (0.3 + 0.1 * link),
      fault: { kind: "cut-link" as const, link, state, downMs: LINK_DOWN_MS },
    })),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

/** The faulty way that the process at this place goes; undefined for the straight one. */
export function linkOf(place: number, processes: number): number | undefined {
  const each = Math.max(1, Math.round(processes * CUT_OFF_SHARE));
  const link = Math.floor(place / each);
  return link < FAULTY_LINKS.length ? link : undefined;
}

/** Of the last few processes, so that they are others than those with a faulty link. */
export function clockSkewMsOf(place: number, processes: number): number {
  const fromEnd = processes - 1 - place;
  return linkOf(place, processes) === undefined ? (SKEWS_MS[fromEnd] ?? 0) : 0;
}
