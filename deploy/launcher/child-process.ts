import { spawn } from "node:child_process";
import { appendFileSync, openSync, closeSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A long-running process of the stack. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Standard output and standard error are appended here. */
  readonly logFile: string;
  /** Takes the lines of standard output that are for whoever sits at the terminal: those are not logged. */
  readonly tell?: (line: string) => boolean;
  readonly stopSignal: "INT" | "TERM";
  /** After this long a child that was asked to stop is killed. */
  readonly stopTimeoutMs: number;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly stopSignal: "INT" | "TERM";
  /** Settles when the process is gone, with the words for a message: "exit code 1" or "signal SIGKILL". */
  readonly exited: Promise<string>;
  readonly hasExited: () => boolean;
  /** Asks the process to stop, waits, kills it when it does not. Safe to call twice. */
  stop(): Promise<void>;
  /** The last lines of its log, for a message. */
  logTail(): string;
}

/** Lines of a dead child's log that go into the message. */
const TAIL_LINES = 15;

/** Starts a child in a process group of its own, so that a Ctrl-C reaches the launcher alone. */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const log = openSync(spec.logFile, "a", 0o600);
  const logStart = readFileSync(spec.logFile).length;
  const subprocess = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: { ...spec.env },
    detached: true,
    stdio: ["ignore", spec.tell === undefined ? log : "pipe", log],
    ...spec.account,
  });
  closeSync(log);
  if (subprocess.stdout !== null) void tellLines(subprocess.stdout, spec);
  await once(subprocess, "spawn");
  const pid = subprocess.pid as number;
  const exited = new Promise<string>((resolve) => {
    subprocess.on("exit", (code, signal) => {
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
  const hasExited = (): boolean => subprocess.exitCode !== null || subprocess.signalCode !== null;
  return {
    name: spec.name,
    pid,
    stopSignal: spec.stopSignal,
    exited,
    hasExited,
    stop: async () => {
      if (hasExited()) return;
      signalGroup(pid, `SIG${spec.stopSignal}`);
      const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), spec.stopTimeoutMs);
      await exited;
      clearTimeout(timer);
    },
    logTail: () => lastLines(readFileSync(spec.logFile).subarray(logStart).toString("utf8")),
  };
}

async function tellLines(output: Readable, { tell, logFile }: ChildSpec): Promise<void> {
  for await (const line of createInterface({ input: output })) {
    if (tell?.(line) !== true) appendFileSync(logFile, `${line}\n`);
  }
}

function signalGroup(processGroup: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-processGroup, signal);
  } catch {
    // Gone already: that is what was wanted.
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}
