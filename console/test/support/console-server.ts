import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { vi } from "vitest";

/** A console in a process of its own, asked over HTTP: hooks, forms, cookies and headers as people meet them. */
export interface ConsoleServer {
  readonly url: string;
  /** What it said at its terminal. */
  output(): string;
  stop(): Promise<void>;
}

const CONSOLE = join(import.meta.dirname, "../..");
/** What the launcher runs: with other tests that start the whole product, it builds once. */
const BUILD = join(CONSOLE, "../deploy/launcher/build-console.ts");
const SERVE = join(import.meta.dirname, "serve-build.ts");
/** A limit for what hangs: the console may have to be built first, on a machine that does other things, too. */
export const START_TIMEOUT_MS = 300_000;

/** The built console. It listens on loopback whatever HOST says: HOST is what the console believes. */
export async function startConsoleServer(
  environment: Readonly<Record<string, string>>,
): Promise<ConsoleServer> {
  await promisify(execFile)(process.execPath, [BUILD]);
  const dataFolder = mkdtempSync(join(tmpdir(), "lensai-console-server-"));
  const port = await freePort();
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(LENSAI_|AWS_|DATABASE_URL$|ORIGIN$|HOST$|PORT$|NODE_ENV$|VITEST)/.test(name),
  );
  const child = spawn(process.execPath, [SERVE], {
    cwd: CONSOLE,
    env: {
      ...Object.fromEntries(inherited),
      NODE_ENV: "production",
      LENSAI_DATA_DIR: dataFolder,
      PORT: String(port),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const seeReady = async (): Promise<void> => {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok !== true) throw new Error(`the console is not ready:\n${output}`);
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL"); // it has nothing to put away: what it knows is the test's
    await exited;
    rmSync(dataFolder, { recursive: true, force: true });
  };
  try {
    await vi.waitFor(seeReady, { timeout: START_TIMEOUT_MS, interval: 100 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, output: () => output, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
