import {
  close,
  constants,
  fdatasync,
  fstat,
  ftruncate,
  open as openCallback,
  promises,
  read,
  writev,
} from "node:fs";
import { dirname } from "node:path";

/** The file operations that the landing code needs, as an interface: tests inject faults underneath it. */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Names in a folder; an absent folder has none. */
  list(folder: string): Promise<string[]>;
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** An absent file is not an error. */
  remove(path: string): Promise<void>;
  read(path: string): Promise<Buffer>;
  /** Whole or not at all, and durable on return. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes creations, renames and removals in a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

/**
 * `create` makes a new file and fails when there is one. `existing` and `durable` fail when there is none; what is
 * written to a durable file has reached the disk when the write returns.
 */
export type OpenMode = "create" | "existing" | "durable";

export interface DiskFile {
  /** Bytes written, which may be fewer than given. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Contents and size are durable on return (fdatasync). */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Fills `target` from `position`; fewer bytes than asked only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** Data of the WAL is read by nobody but its owner. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export const nodeDisk: Disk = {
  open: async (path, mode) => {
    const file = nodeFile(await openDescriptor(path, mode));
    return mode === "durable" && !WRITES_CAN_SYNC ? syncingFile(file) : file;
  },
  list: async (folder) => {
    try {
      return await promises.readdir(folder);
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  },
  makeFolder: async (folder) => {
    await promises.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  },
  rename: (from, to) => promises.rename(from, to),
  remove: async (path) => {
    await promises.rm(path, { force: true });
  },
  read: (path) => promises.readFile(path),
  write: async (path, bytes) => {
    const temporary = `${path}.part`;
    const file = await promises.open(temporary, "w", FILE_MODE);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await promises.rename(temporary, path);
    await nodeDisk.syncFolder(dirname(path));
  },
  syncFolder: async (folder) => {
    if (process.platform === "win32") return; // a folder cannot be opened there, and needs no sync
    const file = await promises.open(folder, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  },
};

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/**
 * With O_DSYNC a write is also its fdatasync: one trip through the thread pool instead of two. Each trip waits for a
 * free core, which while a segment lands are milliseconds. Elsewhere the flag is missing or promises less: macOS
 * reaches the platter by fdatasync only, as libuv calls it.
 */
const WRITES_CAN_SYNC = process.platform === "linux";

const OPEN_FLAGS: Readonly<Record<OpenMode, string | number>> = {
  create: "wx+",
  existing: "r+",
  durable: WRITES_CAN_SYNC ? constants.O_RDWR | constants.O_DSYNC : "r+",
};

function openDescriptor(path: string, mode: OpenMode): Promise<number> {
  return new Promise((resolve, reject) => {
    openCallback(path, OPEN_FLAGS[mode], FILE_MODE, (error, descriptor) => {
      if (error === null) resolve(descriptor);
      else reject(error);
    });
  });
}

function syncingFile(file: DiskFile): DiskFile {
  return {
    ...file,
    writev: async (buffers, position) => {
      const written = await file.writev(buffers, position);
      await file.sync();
      return written;
    },
  };
}

/** Callbacks instead of FileHandle: a group commit is one call, and the wrapper costs as much. */
function nodeFile(descriptor: number): DiskFile {
  return {
    writev: (buffers, position) =>
      new Promise((resolve, reject) => {
        writev(descriptor, buffers, position, (error, written) => {
          if (error === null) resolve(written);
          else reject(error);
        });
      }),
    sync: () => completion((done) => fdatasync(descriptor, done)),
    truncate: (sizeBytes) => completion((done) => ftruncate(descriptor, sizeBytes, done)),
    read: async (target, position) => {
      let filled = 0;
      while (filled < target.length) {
        const count = await readOnce(descriptor, target.subarray(filled), position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    },
    size: () =>
      new Promise((resolve, reject) => {
        fstat(descriptor, (error, stats) => {
          if (error === null) resolve(stats.size);
          else reject(error);
        });
      }),
    close: () => completion((done) => close(descriptor, done)),
  };
}

function readOnce(descriptor: number, target: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, target, 0, target.length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

type Done = (error?: NodeJS.ErrnoException | null) => void;

function completion(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
