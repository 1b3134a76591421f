import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GENERATED_FILES } from "./generated-files.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Brings every generated file up to date; answers with the paths of those that changed. */
export function writeGenerated(): string[] {
  const written: string[] = [];
  for (const { path, render } of GENERATED_FILES) {
    const file = join(ROOT, path);
    const present = existsSync(file) ? readFileSync(file, "utf8") : "";
    const wanted = render(present);
    if (wanted === present) continue;
    writeFileSync(file, wanted);
    written.push(path);
  }
  return written;
}
