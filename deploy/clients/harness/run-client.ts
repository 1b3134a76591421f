import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { startFakeProvider } from "../provider/fake-provider.ts";
import type { Client } from "./client.ts";
import { startRecorder } from "./record-requests.ts";
import type { StagedClient } from "./stage.ts";
import { writeTruth } from "./write-truth.ts";

/** Tokenizers are loaded, and exporters flush on their own clock. */
const RUN_TIMEOUT_MS = 120_000;

export interface CaptureOptions {
  /** Of the client, or of the set of versions. */
  readonly name: string;
  readonly otlp?: Client["otlp"];
  readonly staged: StagedClient;
  readonly scenario: string;
  /** Where `<client>/<scenario>/` is written; what it held is replaced. */
  readonly captures: string;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/** Runs one scenario of a client against a fake provider and records what it sends; answers with its folder. */
export async function captureScenario(options: CaptureOptions): Promise<string> {
  const { name, otlp, staged, scenario, captures, date } = options;
  const folder = path.join(captures, name, scenario);
  rmSync(folder, { recursive: true, force: true });
  const provider = await startFakeProvider();
  const recorder = await startRecorder();
  try {
    recorder.recordInto(folder);
    const isGrpc = otlp === "grpc";
    await runProgram(staged, scenario, {
      PROVIDER_URL: provider.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: isGrpc ? recorder.grpcUrl : recorder.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: isGrpc ? "grpc" : "http/protobuf",
      ...(isGrpc && { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" }),
    });
    await provider.settled();
    if (provider.calls().length === 0) {
      throw new LensError("internal", `${name} called nothing in ${scenario}`);
    }
    const facts = { client: name, scenario, packages: staged.versions, date };
    writeTruth(folder, { ...facts, calls: provider.calls() });
  } finally {
    await recorder.stop();
    await provider.stop();
  }
  return folder;
}

/**
 * Runs one scenario with and without the instrumentation, each against a provider of its own, and answers
 * with what the application saw otherwise in the first run; nothing when results, errors and classes are equal.
 */
export async function differenceSeen(
  staged: StagedClient,
  scenario: string,
): Promise<string | undefined> {
  const without = await outcomesOf(staged, scenario, { OBSERVED: "no" });
  const withIt = await outcomesOf(staged, scenario, {});
  const at = without.findIndex((outcome, index) => outcome !== withIt[index]);
  if (at === -1 && without.length === withIt.length) return undefined;
  return `without: ${without[at] ?? "nothing"}\nwith:    ${withIt[at] ?? "nothing"}`;
}

async function outcomesOf(
  staged: StagedClient,
  scenario: string,
  more: Readonly<Record<string, string>>,
): Promise<string[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "lensai-outcomes-"));
  const file = path.join(folder, "outcomes.json");
  const provider = await startFakeProvider();
  const recorder = await startRecorder();
  try {
    recorder.recordInto(folder);
    await runProgram(staged, scenario, {
      PROVIDER_URL: provider.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: recorder.url,
      OUTCOMES: file,
      ...more,
    });
    return readFileSync(file, "utf8").trim().split("\n");
  } finally {
    await recorder.stop();
    await provider.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runProgram(
  { folder, command, args }: StagedClient,
  scenario: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(command, [...args, scenario], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: RUN_TIMEOUT_MS,
    env: {
      // This Node, by its bare name: telemetry repeats how a program was called.
      PATH: [path.dirname(process.execPath), process.env["PATH"]].join(path.delimiter),
      HOME: folder,
      OTEL_SERVICE_NAME: `client-${path.basename(folder)}`,
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_LOGS_EXPORTER: "otlp",
      OTEL_TRACES_EXPORTER: "otlp",
      // A recording says nothing about the machine that it was made on.
      OTEL_NODE_RESOURCE_DETECTORS: "none",
      OTEL_EXPERIMENTAL_RESOURCE_DETECTORS: "otel",
      ...environment,
    },
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code === 0) return;
  const end = signal ?? `code ${code}`;
  throw new LensError("internal", `${command} ${scenario} in ${folder} ended with ${end}`);
}
