import { spawn, type SpawnOptionsWithoutStdio } from "node:child_process";

export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: SpawnOptionsWithoutStdio;
  /** Written to its standard input. */
  readonly input?: string;
}

export interface ProgramOutcome {
  readonly isSuccess: boolean;
  /** "exit code 1" or "signal SIGTERM". */
  readonly how: string;
  /** The end of both outputs, in the order of arrival. */
  readonly output: string;
}

/** Enough to see why a program failed. */
const OUTPUT_CHARS_MAX = 8000;

/** Runs a program to its end. Throws what `spawn` reports when it cannot be started, or AbortError. */
export async function runProgram(run: ProgramRun): Promise<ProgramOutcome> {
  const subprocess = spawn(run.command, run.args, run.options);
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  subprocess.stdout.on("data", collect);
  subprocess.stderr.on("data", collect);
  // A program that ends without reading its input is judged by its exit code.
  subprocess.stdin.on("error", () => undefined);
  subprocess.stdin.end(run.input ?? "");
  return new Promise((resolve, reject) => {
    subprocess.on("error", reject);
    subprocess.on("close", (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      resolve({ isSuccess: code === 0, how, output: output.trim() });
    });
  });
}
