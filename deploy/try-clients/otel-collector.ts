import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ReceiverPorts } from "../conformance/replay.ts";
import { onPorts, readReadyFile } from "./env-file.ts";
import type { Program } from "./program.ts";
import { runCommand } from "./run-command.ts";
import { callJson } from "./call-json.ts";

/** The OpenTelemetry Collector with the components that the ready files name, between an app and LensAI. */

const SOURCE = fileURLToPath(new URL("apps/otelcol/", import.meta.url));
const VERSION = "v0.165.0";
const CONFMAP_VERSION = "v1.71.0";
const CORE = "go.opentelemetry.io/collector";
const MODULES = [
  `${CORE}/otelcol@${VERSION}`,
  `${CORE}/receiver/otlpreceiver@${VERSION}`,
  `${CORE}/exporter/otlpexporter@${VERSION}`,
  `${CORE}/exporter/otlphttpexporter@${VERSION}`,
  `${CORE}/confmap/provider/fileprovider@${CONFMAP_VERSION}`,
  `${CORE}/confmap/provider/envprovider@${CONFMAP_VERSION}`,
  `github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage@${VERSION}`,
];

/** All of them are one binary. */
async function build(folder: string): Promise<string> {
  const shared = path.join(folder, "..", "otelcol");
  const binary = path.join(shared, "otelcol");
  if (!existsSync(binary)) {
    mkdirSync(shared, { recursive: true });
    cpSync(SOURCE, shared, { recursive: true });
    const go = (...args: string[]): Promise<string> => runCommand("go", args, { cwd: shared });
    if (!existsSync(path.join(shared, "go.mod"))) await go("mod", "init", "otelcol");
    await go("get", ...MODULES);
    await go("build", "-mod=mod", "-o", "otelcol", ".");
  }
  return VERSION;
}

interface Running {
  readonly process: ChildProcess;
  readonly port: number;
}

interface Forwarding {
  readonly folder: string;
  readonly file: string;
  /** Where LensAI listens. */
  readonly ports: ReceiverPorts;
}

async function start({ folder, file, ports }: Forwarding): Promise<Running> {
  const port = await freePort();
  const config = path.join(folder, "config.yaml");
  const text = onPorts(readReadyFile(file), ports)
    .replaceAll("127.0.0.1:14318", `127.0.0.1:${port}`)
    .replaceAll("127.0.0.1:14317", `127.0.0.1:${await freePort()}`);
  // Its own metrics would want a port of their own.
  writeFileSync(config, text.replace("service:\n", `service:\n${QUIET}`));
  const binary = path.join(folder, "..", "otelcol", "otelcol");
  const env = { OTELCOL_QUEUE_DIR: path.join(folder, "queue") };
  await runCommand(binary, ["validate", `--config=file:${config}`], { cwd: folder, env });
  const child = spawn(binary, [`--config=file:${config}`], {
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  return { process: child, port };
}

const QUIET = "  telemetry:\n    metrics:\n      level: none\n";

/** A port that is not its own may accept and never answer. */
const SEND_TIMEOUT_MS = 5000;

/** Waits until it listens. */
async function send({ port, process: child }: Running): Promise<void> {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: callJson(Date.now()),
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    }).catch(() => undefined);
    if (response?.status === 200) return;
    await delay(50);
  }
  throw new Error("the OpenTelemetry Collector did not take a span");
}

async function stop({ process: child }: Running, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function forwarding(name: string, file: string): Program {
  return {
    name,
    file,
    prepare: build,
    async run(folder, ports) {
      const running = await start({ folder, file, ports });
      await send(running);
      // An orderly stop flushes its queue.
      await stop(running, "SIGTERM");
    },
  };
}

/** LensAI cannot be reached, the collector is killed, and what it had taken arrives after both are back. */
const persistentQueue: Program = {
  name: "otelcol, queue on disk, killed",
  file: "opentelemetry-collector/persistent-queue.yaml",
  prepare: build,
  async run(folder, ports) {
    rmSync(path.join(folder, "queue"), { recursive: true, force: true });
    const nobody = { httpPort: await freePort(), grpcPort: await freePort() };
    const cut = await start({ folder, file: this.file, ports: nobody });
    await send(cut);
    await stop(cut, "SIGKILL");
    const back = await start({ folder, file: this.file, ports });
    await delay(FLUSH_MS);
    await stop(back, "SIGTERM");
  },
};

/** It takes up its queue at the start; an orderly stop does not wait for what is on disk. */
const FLUSH_MS = 5000;

export const OTEL_COLLECTOR_PROGRAMS: readonly Program[] = [
  forwarding("otelcol, OTLP/HTTP", "opentelemetry-collector/otlp-http.yaml"),
  forwarding("otelcol, OTLP/gRPC", "opentelemetry-collector/otlp-grpc.yaml"),
  persistentQueue,
];
