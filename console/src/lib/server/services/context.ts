import type { Database } from "../db/client.ts";

/** What a service needs from outside; tests give their own clock and randomness. */
export interface ServiceContext {
  readonly db: Database;
  readonly now: () => Date;
  readonly randomBytes: (length: number) => Uint8Array;
}
