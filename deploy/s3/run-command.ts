import { execFile } from "node:child_process";

/** A step that takes longer than this hangs. */
const STEP_TIMEOUT_MS = 60_000;

/** Runs a program to its end and gives its standard output; an error carries the end of its standard error. */
export async function runCommand(program: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile(program, args, { timeout: STEP_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")} failed: ${stderr.slice(-2000).trim()}`));
    });
  });
}
