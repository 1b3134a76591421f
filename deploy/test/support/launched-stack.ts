import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The launcher as a child process, started as a person would start it. */
export interface LaunchedStack {
  readonly consoleUrl: string;
  readonly otlpHttpUrl: string;
  readonly otlpGrpcUrl: string;
  readonly apiKey: string;
  readonly pid: number;
  /** Both outputs so far. */
  output(): string;
  /** Sends a signal and waits for the end; returns the exit code, null when the signal killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

export interface FailedLaunch {
  readonly exitCode: number | null;
  readonly output: string;
}

const LAUNCHER = join(import.meta.dirname, "../../launcher/start.mjs");

/** Free ports, and nothing of the settings of whoever runs the tests. */
function cleanEnvironment(dataDir: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LENSAI_|AWS_|DATABASE_URL$|NODE_ENV$|VITEST)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    LENSAI_DATA_DIR: dataDir,
    LENSAI_OTLP_HTTP_PORT: "0",
    LENSAI_OTLP_GRPC_PORT: "0",
    LENSAI_CONSOLE_PORT: "0",
  };
}

/** Starts the launcher and waits until it is ready or has ended. */
export async function launch(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<LaunchedStack | FailedLaunch> {
  const subprocess = spawn(process.execPath, [LAUNCHER], {
    env: { ...cleanEnvironment(dataDir), ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const exited = new Promise<number | null>((resolve) => subprocess.on("close", resolve));
  const ready = new Promise<"ready">((resolve) => {
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      // The last line of the block: the whole block is there.
      if (output.includes("Ctrl-C stops everything")) resolve("ready");
    };
    subprocess.stdout.on("data", collect);
    subprocess.stderr.on("data", collect);
  });
  const outcome = await Promise.race([ready, exited]);
  if (outcome !== "ready") return { exitCode: outcome, output };
  const value = (label: string): string =>
    new RegExp(`^  ${label} +(\\S+)`, "m").exec(output)?.[1] ?? "";
  return {
    consoleUrl: value("Console"),
    otlpHttpUrl: value("OTLP/HTTP"),
    otlpGrpcUrl: value("OTLP/gRPC"),
    apiKey: value("API key"),
    pid: subprocess.pid as number,
    output: () => output,
    exited,
    stop: (signal = "SIGTERM") => {
      subprocess.kill(signal);
      return exited;
    },
  };
}

/** The same for those who cannot go on when it fails. */
export async function launched(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<LaunchedStack> {
  const stack = await launch(dataDir, settings);
  if ("exitCode" in stack)
    throw new Error(`the launcher ended with ${stack.exitCode}:\n${stack.output}`);
  return stack;
}

/** Processes that have to do with a data folder: by their arguments, or by the setting they were started with. */
export function processesOf(dataDir: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const text = `${read(`/proc/${pid}/cmdline`)}\0${read(`/proc/${pid}/environ`)}`;
      return text.includes(dataDir)
        ? [`${pid} ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")}`]
        : [];
    });
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Gone in the meantime, or not ours to look into.
    return "";
  }
}
