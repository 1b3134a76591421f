import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/**
 * The collector as it was at an earlier revision, checked out beside this one: its `main.ts`. `remove` takes
 * the checkout away again. Throws when git does not know the revision or its packages are not in the store.
 */
export function checkOut(revision: string, folder: string): { main: string; remove: () => void } {
  const path = join(folder, "earlier");
  execFileSync("git", ["worktree", "add", "--detach", path, revision], { cwd: root });
  execFileSync("npx", ["-y", "pnpm@12", "install", "--prefer-offline", "--frozen-lockfile"], {
    cwd: path,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    main: join(path, "collector/src/main.ts"),
    remove: () => execFileSync("git", ["worktree", "remove", "--force", path], { cwd: root }),
  };
}
