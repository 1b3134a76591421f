import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** What the launcher keeps under the data folder. */
export interface DataFolder {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  readonly logs: string;
  readonly bootstrapKeyFile: string;
  readonly controlTokenFile: string;
  /** Of the owner of the tables. */
  readonly postgresPasswordFile: string;
  /** Of the user that the console signs in as. */
  readonly consolePasswordFile: string;
  readonly lockFile: string;
  /** Held by the guard, which lives as long as what it guards. */
  readonly guardFile: string;
}

/**
 * Creates the data folder. Only its owner may look inside; as root the folder can be passed through
 * (0711) because the embedded PostgreSQL below it runs under another account.
 */
export function createDataFolder(path: string, isRoot: boolean): DataFolder {
  if (!existsSync(path)) {
    createFolders(dirname(path));
    mkdirSync(path);
    // Not by mkdir's mode: the process's umask may take bits away.
    chmodSync(path, isRoot ? 0o711 : 0o700);
  }
  const absolute = realpathSync(path);
  const logs = join(absolute, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  return dataFolderAt(absolute);
}

/** Not mkdirSync's `recursive`: in Node 24 it never returns where the kernel answers ENOENT for an existing parent (/proc). */
function createFolders(path: string): void {
  if (existsSync(path)) return;
  createFolders(dirname(path));
  mkdirSync(path);
}

/** The same places without creating anything. */
export function dataFolderAt(absolute: string): DataFolder {
  return {
    path: absolute,
    logs: join(absolute, "logs"),
    bootstrapKeyFile: join(absolute, "bootstrap-key"),
    controlTokenFile: join(absolute, "control-token"),
    postgresPasswordFile: join(absolute, "postgres-password"),
    consolePasswordFile: join(absolute, "console-password"),
    lockFile: join(absolute, "launcher.lock"),
    guardFile: join(absolute, "guard.lock"),
  };
}

/** Random bytes in a generated secret: beyond any guessing. */
const SECRET_BYTES = 24;

/** Reads a secret that an earlier start generated, or generates and keeps it (mode 0600). */
export function keptSecret(file: string, prefix: string): string {
  const kept = readIfPresent(file);
  if (kept !== undefined && kept !== "") return kept;
  const secret = `${prefix}${randomBytes(SECRET_BYTES).toString("hex")}`;
  writeSecret(file, secret);
  return secret;
}

/** Replaces a secret file in one step. */
function writeSecret(file: string, secret: string): void {
  const unfinished = `${file}.new`;
  writeFileSync(unfinished, `${secret}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
