import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const OLDEST_MAJOR = 20;

/** The first Node of the oldest supported version on the PATH. Throws when there is none. */
export function oldestNode(): string {
  const found = (process.env["PATH"] ?? "")
    .split(path.delimiter)
    .map((folder) => path.join(folder, "node"))
    .find((program) => existsSync(program) && majorOf(program) === OLDEST_MAJOR);
  if (found !== undefined) return found;
  throw new Error(`there is no Node ${OLDEST_MAJOR} on the PATH; install one and add its folder`);
}

function majorOf(program: string): number {
  const version = execFileSync(program, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}
