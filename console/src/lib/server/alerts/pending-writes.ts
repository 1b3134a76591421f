import { isDatabaseGone } from "../db/database-gone.ts";

/** Something to write down that is as right later, and as right twice. */
type Write<T = unknown> = () => Promise<T>;

/** What happened outside and could not be written down, as the database was away. In memory: it ends with the process. */
export interface PendingWrites {
  /** Writes now; rejects as it does, and keeps it for later when the database is away. */
  write<T>(write: Write<T>): Promise<T>;
  /** For later. */
  keep(write: Write): void;
  /** Writes what was kept; rejects at the first that fails, and keeps the rest. */
  writeKept(): Promise<void>;
}

export function createPendingWrites(): PendingWrites {
  const kept = new Set<Write>();
  const write = async <T>(one: Write<T>): Promise<T> => {
    kept.add(one);
    try {
      const written = await one();
      kept.delete(one);
      return written;
    } catch (failure) {
      // What the database refuses it would refuse again, and everything else would wait behind it.
      if (!isDatabaseGone(failure)) kept.delete(one);
      throw failure;
    }
  };
  return {
    write,
    keep: (one) => void kept.add(one),
    writeKept: async () => {
      for (const one of kept) await write(one);
    },
  };
}
