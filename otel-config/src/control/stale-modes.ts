/**
 * What becomes of calls of models in a process that has heard nothing of its policy for longer than it may: they are
 * refused, they go on by the policy that came last, or they go on whatever it says.
 */
export const STALE_MODES = ["closed", "last_known", "open"] as const;
export type StaleMode = (typeof STALE_MODES)[number];
