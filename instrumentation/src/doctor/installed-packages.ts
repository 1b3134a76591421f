import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import path from "node:path";

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** More folders of packages than large monorepos have; what is beyond is not looked at. */
const FOLDERS_MAX = 50_000;

/**
 * Copies of packages that a program in `folder` may load, whatever manager installed them: in node_modules of the
 * folder and of those above it, nested ones, and the store of pnpm. A copy that is linked from several places is one.
 */
export function installedPackages(
  folder: string,
  isWanted: (name: string) => boolean,
): readonly InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const seen = new Set<string>();
  const waiting = ancestorsOf(folder).map((each) => path.join(each, "node_modules"));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const real = realPathOf(next);
    if (real === undefined || seen.has(real) || seen.size >= FOLDERS_MAX) continue;
    seen.add(real);
    for (const name of packageNamesIn(real)) {
      const place = path.join(real, name);
      if (isWanted(name)) addPackage(found, place);
      waiting.push(path.join(place, "node_modules"));
    }
    for (const name of foldersIn(path.join(real, ".pnpm"))) {
      waiting.push(path.join(real, ".pnpm", name, "node_modules"));
    }
  }
  return [...found.values()];
}

function ancestorsOf(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestorsOf(parent)];
}

function addPackage(found: Map<string, InstalledPackage>, place: string): void {
  const real = realPathOf(place);
  if (real === undefined || found.has(real)) return;
  const { name, version } = readPackageJson(real) ?? {};
  if (name !== undefined && version !== undefined) found.set(real, { name, version });
}

function packageNamesIn(folder: string): readonly string[] {
  return foldersIn(folder).flatMap((name) => {
    if (name.startsWith(".")) return [];
    if (!name.startsWith("@")) return [name];
    return foldersIn(path.join(folder, name)).map((each) => `${name}/${each}`);
  });
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function realPathOf(place: string): string | undefined {
  return existsSync(place) ? realpathSync(place) : undefined;
}

export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Undefined when there is none, or it cannot be read. */
export function readPackageJson(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as PackageJson;
  } catch {
    return undefined;
  }
}
