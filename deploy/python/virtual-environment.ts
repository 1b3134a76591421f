import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface VirtualEnvironment {
  /** Its folder for programs. */
  readonly bin: string;
  readonly python: string;
}

/** The options of every pip that we run. */
export const PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"] as const;

/** Can Python make virtual environments here? Says what to install when it cannot. */
export async function hasPython(): Promise<boolean> {
  if ((await runProgram("python3", ["-c", "import ensurepip, venv"])) === 0) return true;
  console.error("this test needs Python 3.10 or newer with venv; on Debian or Ubuntu, as root:");
  console.error("  apt-get install -y --no-install-recommends python3 python3-venv");
  return false;
}

/**
 * A Python with everything that a lock file names, below the system's folder for temporary files; each lock file
 * and each `owner` has its own. `steps` are run in it every time. Undefined when something did not work.
 */
export async function virtualEnvironment(
  { owner, lockFile }: { readonly owner: string; readonly lockFile: string },
  steps: readonly (readonly string[])[] = [],
): Promise<VirtualEnvironment | undefined> {
  const key = createHash("sha256").update(owner).update(readFileSync(lockFile)).digest("hex");
  const folder = path.join(os.tmpdir(), `lensai-python-${key.slice(0, 12)}`);
  const bin = path.join(folder, "bin");
  const python = path.join(bin, "python");
  const isNew = !existsSync(python);
  const all = steps.map((args) => [python, args] as const);
  if (isNew) all.unshift(["python3", ["-m", "venv", folder]], [python, [...PIP, "-r", lockFile]]);
  for (const [program, args] of all) {
    if ((await runProgram(program, args)) === 0) continue;
    // Half of an environment must not be taken for a whole one the next time.
    if (isNew) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  return { bin, python };
}

/** Runs a program with its output on the terminal; its exit code, 1 when it could not be run. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  const child = spawn(program, args, { ...options, stdio: "inherit" });
  const ended = once(child, "close") as Promise<[number | null]>;
  const [code] = await ended.catch(() => [1]);
  return code ?? 1;
}
