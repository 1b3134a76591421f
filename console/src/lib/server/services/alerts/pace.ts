import type { AlertOccurrence } from "./record-alerts.ts";
import { groupOf, SINGLE_MAX } from "./together.ts";

const MINUTE_MS = 60_000;
/** Messages of a group are counted over so long. */
export const PACE_WINDOW_MS = 60 * MINUTE_MS;
/** From one message of a group to the next, once `SINGLE_MAX` went out within the window. */
const PACE_MS = 10 * MINUTE_MS;
/** The same where the period of a budget ends within that, or has ended: later, it is of less use. */
const LAST_PACE_MS = MINUTE_MS;
/** Whatever is held back is told within this, with time to spare for the look that finds it again. */
export const LOOKED_BACK_MS = 15 * MINUTE_MS;

/** Messages of a group within the window. */
export interface ToldLately {
  readonly messages: number;
  readonly lastAt: Date;
}

export interface Paced {
  readonly due: readonly AlertOccurrence[];
  /** Neither told nor recorded: still true at a later look, they are told together then. */
  readonly held: readonly AlertOccurrence[];
}

/**
 * Holds back what would be one message too many: who is told of each of 2,000 users when he crosses a threshold, one after
 * the other over a day, reads none of it. What a held one would tell as well waits with it.
 */
export function holdBack(
  occurrences: readonly AlertOccurrence[],
  toldLately: ReadonlyMap<string, ToldLately>,
  now: Date,
): Paced {
  const heldKeys = new Set(
    occurrences.filter((one) => isHeld(one, toldLately, now)).map(({ key }) => key),
  );
  const isWaiting = ({ key, toldBy }: AlertOccurrence): boolean => heldKeys.has(toldBy ?? key);
  return {
    due: occurrences.filter((one) => !isWaiting(one)),
    held: occurrences.filter(isWaiting),
  };
}

function isHeld(
  occurrence: AlertOccurrence,
  toldLately: ReadonlyMap<string, ToldLately>,
  now: Date,
): boolean {
  const lately = toldLately.get(groupOf(occurrence) ?? "");
  if (lately === undefined || lately.messages < SINGLE_MAX) return false;
  if (occurrence.toldBy !== undefined) return false;
  const nextMs = lately.lastAt.getTime() + PACE_MS;
  const endsMs =
    "resetsAt" in occurrence.details ? Date.parse(occurrence.details.resetsAt) : Infinity;
  const pauseMs = endsMs <= nextMs ? LAST_PACE_MS : PACE_MS;
  return now.getTime() < lately.lastAt.getTime() + pauseMs;
}
