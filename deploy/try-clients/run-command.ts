import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd: string;
  /** On top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Installing a few hundred packages over a slow line, or compiling them on a slow machine. */
const TIMEOUT_MS = 900_000;
const OUTPUT_KEPT = 2000;

/** Resolves with what a program printed; rejects with the end of it when the program fails. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const { cwd, env = {}, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    const [printed, told]: [string[], string[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => told.push(chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(printed.join(""));
      else {
        const output = [...told, ...printed].join("").slice(-OUTPUT_KEPT);
        reject(new Error(`${command} ended with ${code ?? signal}: ${output}`));
      }
    });
  });
}
