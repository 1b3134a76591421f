import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";

/** How long a daemon may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 5_000;

export interface Daemon {
  readonly name: string;
  /** Resolves, with the end of its output, when the daemon has ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts a program in the foreground of this process, its output in `logPath`. */
export function startDaemon(
  name: string,
  command: readonly [program: string, ...args: string[]],
  logPath: string,
): Daemon {
  const [program, ...args] = command;
  const log = openSync(logPath, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  const ended = (async (): Promise<string> => {
    await Promise.race([once(child, "exit"), once(child, "error").catch(() => undefined)]);
    return (await readFile(logPath, "utf8")).slice(-2000);
  })();
  return {
    name,
    ended,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
