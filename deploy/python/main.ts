/**
 * Type-checks the Python package and runs its tests, with the provider SDKs that its lock file names, in a virtual
 * environment below the system's folder for temporary files. Arguments go to pytest. Ends with the tests' exit code.
 */
import path from "node:path";
import { hasPython, PIP, runProgram, virtualEnvironment } from "./virtual-environment.ts";

const PACKAGE = path.join(import.meta.dirname, "..", "..", "adapters", "python");
const LOCK_FILE = path.join(PACKAGE, "requirements-test.txt");
/** The package as its users get it: built, with what its build puts into it. */
const INSTALL_PACKAGE = [...PIP, "--no-deps", "--no-build-isolation", "--force-reinstall", PACKAGE];

process.exitCode = await main();

async function main(): Promise<number> {
  if (!(await hasPython())) return 1;
  const environment = await virtualEnvironment({ owner: PACKAGE, lockFile: LOCK_FILE }, [
    INSTALL_PACKAGE,
  ]);
  if (environment === undefined) return 1;
  // The tests start a collector.
  const options = { cwd: PACKAGE, env: { ...process.env, LENSAI_TEST_NODE: process.execPath } };
  const types = await runProgram(environment.python, ["-m", "mypy"], options);
  const tests = await runProgram(
    environment.python,
    ["-m", "pytest", ...process.argv.slice(2)],
    options,
  );
  return types === 0 ? tests : types;
}
