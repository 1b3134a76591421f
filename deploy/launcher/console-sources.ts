import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** What the build is made of: a change in any of these files, or of those below these folders, makes a new one necessary. */
const SOURCES = [
  "analytics/src",
  "console/content",
  "console/package.json",
  "console/src",
  "console/static",
  "console/tsconfig.json",
  "console/vite.config.ts",
  "otel-config/src",
  "pnpm-lock.yaml",
];

/** Hash over names and contents of the console's sources. */
function sourcesHash(root: string): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((source) => filesOf(join(root, source)))) {
    hash.update(relative(root, file)).update("\0").update(readFileSync(file));
  }
  return hash.digest("hex");
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Prints the hash of the checkout that is its argument: reading all these files leaves memory behind. */
if (import.meta.main) process.stdout.write(sourcesHash(process.argv[2] ?? "."));
