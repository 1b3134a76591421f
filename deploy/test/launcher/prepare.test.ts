import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseLauncherConfig } from "../../launcher/launcher-config.ts";
import { prepare } from "../../launcher/prepare.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const environment = () => ({
  LENSAI_DATA_DIR: join(folder.path, "data"),
  LENSAI_OTLP_HTTP_PORT: "0",
  LENSAI_OTLP_GRPC_PORT: "0",
  LENSAI_CONSOLE_PORT: "0",
});

const moduleUrl = (name: string): string =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../launcher", name)).href);

/** A launcher with one child that needs a while to end; says the child's pid. */
function startLauncher(): ChildProcess {
  const child =
    "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 1000)); console.log('up')";
  const script = `
    import { spawn } from "node:child_process";
    import { once } from "node:events";
    import { startGuard } from ${moduleUrl("guard.ts")};
    import { parseLauncherConfig } from ${moduleUrl("launcher-config.ts")};
    import { prepare } from ${moduleUrl("prepare.ts")};
    const { folder } = await prepare(parseLauncherConfig(${JSON.stringify(environment())}, "/"));
    const guard = startGuard(folder.guardFile);
    const options = { detached: true, stdio: ["ignore", "pipe", "ignore"] };
    const child = spawn(process.execPath, ["-e", ${JSON.stringify(`${child}; setInterval(() => {}, 1000)`)}], options);
    await once(child.stdout, "data");
    guard.watch(child.pid, "TERM");
    process.stdout.write(String(child.pid));
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a start after a killed one waits until everything of that has ended", async () => {
  const killed = startLauncher();
  const [pid] = (await once(killed.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  killed.kill("SIGKILL");
  await once(killed, "exit");
  const { lock } = await prepare(parseLauncherConfig(environment(), folder.path));
  expect(lock.wasStale).toBe(true);
  expect(isRunning(Number(pid.toString()))).toBe(false);
  await lock.release();
  expect(readdirSync(join(folder.path, "data"))).toEqual(["logs"]);
});
