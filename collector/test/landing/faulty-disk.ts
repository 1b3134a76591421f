import { nodeDisk } from "../../src/landing/disk.ts";
import type { Disk, DiskFile } from "../../src/landing/disk.ts";

/** What goes wrong on the disk at the moment. */
export interface DiskFaults {
  /** Error code of writes; `bytesBefore` of them still reach the file. */
  write?: { readonly code: string; readonly bytesBefore: number } | undefined;
  /** Writes take at most so many bytes at once, as a system call may. */
  shortWriteBytes?: number | undefined;
  sync?: string | undefined;
  /** Only the next sync of records fails: a file's first sync belongs to its preparation. */
  nextSync?: string | undefined;
  truncate?: string | undefined;
  create?: string | undefined;
  /** Syncs wait for this. */
  syncGate?: Promise<void> | undefined;
}

/** The real disk with switches. */
export function faultyDisk(faults: DiskFaults): Disk {
  return {
    ...nodeDisk,
    open: async (path, mode) => {
      if (mode === "create" && faults.create !== undefined) throw failure(faults.create);
      return faultyFile(await nodeDisk.open(path, mode), faults);
    },
  };
}

function faultyFile(file: DiskFile, faults: DiskFaults): DiskFile {
  let isPrepared = false;
  return {
    ...file,
    writev: async (buffers, position) => {
      const { write, shortWriteBytes } = faults;
      if (write !== undefined) {
        const start = Buffer.concat(buffers).subarray(0, write.bytesBefore);
        if (start.length > 0) await file.writev([start], position);
        throw failure(write.code);
      }
      if (shortWriteBytes === undefined) return await file.writev(buffers, position);
      return await file.writev([Buffer.concat(buffers).subarray(0, shortWriteBytes)], position);
    },
    sync: async () => {
      await faults.syncGate;
      const { sync = isPrepared ? faults.nextSync : undefined } = faults;
      if (isPrepared) faults.nextSync = undefined;
      isPrepared = true;
      if (sync !== undefined) throw failure(sync);
      await file.sync();
    },
    truncate: async (sizeBytes) => {
      if (faults.truncate !== undefined) throw failure(faults.truncate);
      await file.truncate(sizeBytes);
    },
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
