import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A few hundred packages over a slow line. */
const INSTALL_TIMEOUT_MS = 600_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Runs a package manager, or a compiler, in a folder; answers with what it printed. */
export async function install(
  command: string,
  args: readonly string[],
  { folder }: { readonly folder: string },
): Promise<string> {
  const limits = { timeout: INSTALL_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout } = await run(command, [...args], { cwd: folder, ...limits });
  return stdout;
}
