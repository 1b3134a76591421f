import type { LeaseTimes } from "./lease-state.ts";

/** A lease bridges a restart of the console, and what a dead process has left is free when it is over. */
export const LEASE_TIMES: LeaseTimes = { ttlMs: 30_000, usableMs: 15_000 };

/** Processes and the ledger see a period begin and end at slightly different moments. */
export const PERIOD_GRACE_MS = 5_000;

/** When what is asked for is held, and may come back with the next report of a process. */
export const RETRY_HELD_MS = 1_000;
/** When so much is spent that it cannot: until the limit is raised, which processes hear of, or the period ends. */
export const RETRY_SPENT_MS = 5_000;
