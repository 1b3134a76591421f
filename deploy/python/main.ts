/**
 * Type-checks the Python package and runs its tests, with the provider SDKs that its lock file names, in a virtual
 * environment below the system's folder for temporary files. Arguments go to pytest. Ends with the tests' exit code.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const PACKAGE = path.join(import.meta.dirname, "..", "..", "adapters", "python");
const LOCK_FILE = path.join(PACKAGE, "requirements-test.txt");

process.exitCode = await main();

async function main(): Promise<number> {
  if ((await run("python3", ["-c", "import ensurepip, venv"])) !== 0) {
    console.error("this test needs Python 3.10 or newer with venv; on Debian or Ubuntu, as root:");
    console.error("  apt-get install -y --no-install-recommends python3 python3-venv");
    return 1;
  }
  const python = await environment();
  if (python === undefined) return 1;
  const types = await run(python, ["-m", "mypy"]);
  const tests = await run(python, ["-m", "pytest", ...process.argv.slice(2)]);
  return types === 0 ? tests : types;
}

/** A Python with everything installed; each lock file and each checkout has its own. */
async function environment(): Promise<string | undefined> {
  const key = createHash("sha256").update(PACKAGE).update(readFileSync(LOCK_FILE)).digest("hex");
  const folder = path.join(os.tmpdir(), `lensai-python-${key.slice(0, 12)}`);
  const python = path.join(folder, "bin", "python");
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const isNew = !existsSync(python);
  const steps: (readonly [string, readonly string[]])[] = [
    // The package as its users get it: built, with what its build puts into it.
    [python, [...pip, "--no-deps", "--no-build-isolation", "--force-reinstall", PACKAGE]],
  ];
  if (isNew) {
    steps.unshift(["python3", ["-m", "venv", folder]], [python, [...pip, "-r", LOCK_FILE]]);
  }
  for (const [program, args] of steps) {
    if ((await run(program, args)) === 0) continue;
    // Half of an environment must not be taken for a whole one the next time.
    if (isNew) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  return python;
}

async function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, {
    cwd: PACKAGE,
    stdio: "inherit",
    // The tests start a collector.
    env: { ...process.env, LENSAI_TEST_NODE: process.execPath },
  });
  const ended = once(child, "close") as Promise<[number | null]>;
  const [code] = await ended.catch(() => [1]);
  return code ?? 1;
}
