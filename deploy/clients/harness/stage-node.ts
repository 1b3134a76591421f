import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./install.ts";
import type { StageRuntime } from "./stage.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

export const NODE_PROGRAM = "app.mjs";

export const stageNode: StageRuntime = async (client, folder, versions) => {
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const args = versions.length === 0 ? ["ci", ...flags] : ["install", ...flags, ...versions];
  await install("npm", args, { folder });
  if (client.packs !== undefined) await installPacked(client.packs, folder, flags);
  const versionOf = (name: string): string => {
    const file = path.join(folder, "node_modules", name, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  };
  return {
    folder,
    command: "node",
    args: [NODE_PROGRAM],
    versions: Object.fromEntries(client.packages.map((name) => [name, versionOf(name)])),
  };
};

/** Builds and packs packages of this repository, and installs them as their users get them. */
async function installPacked(
  names: readonly string[],
  folder: string,
  flags: readonly string[],
): Promise<void> {
  const archives: string[] = [];
  for (const name of names) {
    const source = { folder: path.join(REPOSITORY, name) };
    const archive = path.join(folder, `${path.basename(name)}.tgz`);
    await install("npx", ["-y", "pnpm@12", "build"], source);
    await install("npx", ["-y", "pnpm@12", "pack", "--out", archive], source);
    archives.push(archive);
  }
  // At once: one of them may need another, which no registry has in this form.
  await install("npm", ["install", "--no-save", "--no-package-lock", ...flags, ...archives], {
    folder,
  });
}
