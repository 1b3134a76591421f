import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import { runCommand } from "../try-clients/run-command.ts";
import type { SuiteReport } from "./compare-reports.ts";
import type { OfficialSuite, SuitePart } from "./suites.ts";

/** Built by `pnpm --filter @lensai/instrumentation build`: what is published, and not its sources. */
const REGISTER = new URL("../../instrumentation/dist/register.mjs", import.meta.url);
const PART_TIMEOUT_MS = 900_000;

export interface SuiteRun {
  readonly report: SuiteReport;
  /** That loaded the instrumentation: each asks the collector for a policy once. */
  readonly processes: number;
}

/** The suite's repository in a folder, with what it needs. `source`: a clone that is there, in place of the network. */
export async function prepareSuite(
  { name, repository, tag, pnpm }: OfficialSuite,
  folder: string,
  source: string | undefined,
): Promise<void> {
  if (!existsSync(path.join(folder, "package.json"))) {
    const from = source ?? repository;
    await runCommand("git", ["clone", "--quiet", "--depth", "1", "--branch", tag, from, folder], {
      cwd: path.dirname(folder),
    });
  }
  if (existsSync(path.join(folder, "node_modules"))) return;
  process.stderr.write(`installing what the tests of ${name} need\n`);
  await runCommand(
    "npx",
    ["--yes", `pnpm@${pnpm}`, "install", "--frozen-lockfile", "--ignore-scripts"],
    // It would fetch itself for every platform.
    {
      cwd: folder,
      env: { ...ownNode(), CI: "true", npm_config_manage_package_manager_versions: "false" },
    },
  );
}

/** Runs one part of a suite in its own way. Throws LensError when it writes no report. */
export async function runPart(
  { name, cwd, command }: SuitePart,
  folder: string,
  { isObserved }: { isObserved: boolean },
): Promise<SuiteRun> {
  const collector = await startCollector();
  const place = path.join(folder, cwd);
  const label = `${name}-${isObserved ? "observed" : "without"}`.replaceAll("/", "-");
  const report = path.join(folder, `lensai-${label}.json`);
  const log = openSync(path.join(folder, `lensai-${label}.log`), "w");
  rmSync(report, { force: true });
  const [program, ...args] = command;
  const json = program === "vitest" ? ["--reporter=json"] : ["--json"];
  const child = spawn(
    process.execPath,
    [binOf(place, program), ...args, ...json, `--outputFile=${report}`],
    {
      cwd: place,
      env: {
        ...process.env,
        ...ownNode(),
        CI: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        ...(isObserved && { NODE_OPTIONS: `--import=${REGISTER.href}` }),
      },
      stdio: ["ignore", log, log],
      timeout: PART_TIMEOUT_MS,
    },
  );
  await once(child, "close");
  await collector.stop();
  if (!existsSync(report))
    throw new LensError(
      "internal",
      `${name} wrote no report; see lensai-${label}.log in ${folder}`,
    );
  return {
    report: JSON.parse(readFileSync(report, "utf8")) as SuiteReport,
    processes: collector.processes(),
  };
}

/** A script of Node, whatever shell script the package manager has put in front of it. */
function binOf(place: string, program: "jest" | "vitest" | (string & {})): string {
  const script = program === "vitest" ? "vitest/vitest.mjs" : `${program}/bin/${program}.js`;
  return path.join(place, "node_modules", script);
}

/** Programs that start others find the Node that runs this. */
const ownNode = (): Record<string, string> => ({
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`,
});

async function startCollector() {
  let processes = 0;
  const server = http.createServer((request, response) => {
    const isExport = request.method === "POST" && request.url === "/v1/traces";
    if (request.method === "GET" && request.url === "/v1/control") processes += 1;
    request.resume();
    request.on("end", () => response.writeHead(isExport ? 200 : 404).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    processes: () => processes,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export async function buildInstrumentation(): Promise<void> {
  await runCommand("npx", ["--yes", "pnpm@12", "--filter", "@lensai/instrumentation", "build"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
  });
}
