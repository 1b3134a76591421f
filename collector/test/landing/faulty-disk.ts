import { nodeDisk } from "../../src/landing/disk.ts";
import type { Disk, DiskFile } from "../../src/landing/disk.ts";

/** What goes wrong on the disk at the moment. */
export interface DiskFaults {
  /** Error code of writes; `bytesBefore` of them still reach the file. */
  write?: { readonly code: string; readonly bytesBefore: number } | undefined;
  /** Writes take at most so many bytes at once, as a system call may. */
  shortWriteBytes?: number | undefined;
  /** Error code of syncs, and of durable writes: their bytes reach the file, and nobody knows whether the disk. */
  sync?: string | undefined;
  /** Only the next durable write fails so. */
  nextSync?: string | undefined;
  truncate?: string | undefined;
  create?: string | undefined;
  /** Syncs and durable writes wait for this. */
  syncGate?: Promise<void> | undefined;
}

/** The real disk with switches. */
export function faultyDisk(faults: DiskFaults): Disk {
  return {
    ...nodeDisk,
    open: async (path, mode) => {
      if (mode === "create" && faults.create !== undefined) throw failure(faults.create);
      const file = faultyFile(await nodeDisk.open(path, mode), faults);
      return mode === "durable" ? faultyDurableFile(file, faults) : file;
    },
  };
}

/** Fails as a write or as the sync that is part of it. */
function faultyDurableFile(file: DiskFile, faults: DiskFaults): DiskFile {
  return {
    ...file,
    writev: async (buffers, position) => {
      const written = await file.writev(buffers, position);
      await faults.syncGate;
      const { sync = faults.nextSync } = faults;
      faults.nextSync = undefined;
      if (sync !== undefined) throw failure(sync);
      return written;
    },
  };
}

function faultyFile(file: DiskFile, faults: DiskFaults): DiskFile {
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
      if (faults.sync !== undefined) throw failure(faults.sync);
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
