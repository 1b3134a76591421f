import type { LeaseTimes } from "./lease-state.ts";

/** A lease of the default length bridges a restart of the console, and a dead process holds its rest no longer. */
export const LEASE_TIMES: LeaseTimes = {
  ttlMs: 30_000,
  // What SDKs of providers wait for an answer unless told otherwise.
  callDurationMaxMs: 600_000,
};

/** Processes and the ledger see a period begin and end at slightly different moments. */
export const PERIOD_GRACE_MS = 5_000;

/** When everything is held, and some of it may come back with the next report of a process. */
export const RETRY_HELD_MS = 500;
/** When everything is spent: until the limit is raised, which processes hear of, or the period ends. */
export const RETRY_SPENT_MS = 5_000;
