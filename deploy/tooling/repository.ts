import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

export interface RepositoryFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Folders whose files nobody wrote. */
const NOT_OURS = /(^|\/)(node_modules|build|dist|\.svelte-kit|\.lensai|\.git|coverage)\//;

/** Every text file that belongs to the repository: what git tracks or would add; every file where there is no git. */
export function repositoryFiles(extensions: readonly string[]): RepositoryFile[] {
  return repositoryPaths()
    .filter((path) => extensions.some((extension) => path.endsWith(extension)))
    .filter((path) => !NOT_OURS.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

function repositoryPaths(): string[] {
  if (!existsSync(join(ROOT, ".git"))) {
    return globSync("**/*", { cwd: ROOT, exclude: (name) => name === "node_modules" });
  }
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed.split("\n").filter((path) => path !== "");
}
