import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { configInvalid } from "./config-invalid.ts";
import type { CollectorConfig } from "./config.ts";

/**
 * Finds what would make the start fail half-way: a taken port, a data folder that cannot be written.
 * Throws LensError `config.invalid` that lists every problem.
 */
export async function requireStartable(config: CollectorConfig): Promise<void> {
  const problems = await Promise.all([
    folderProblem(config.dataDir),
    portProblem("LENSAI_OTLP_HTTP_PORT", config.bindAddress, config.httpPort),
    portProblem("LENSAI_OTLP_GRPC_PORT", config.bindAddress, config.grpcPort),
  ]);
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw configInvalid(found);
}

async function folderProblem(dataDir: string): Promise<string | undefined> {
  const probe = path.join(dataDir, `.probe-${randomUUID()}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(probe, "");
    await rm(probe);
    return undefined;
  } catch (error) {
    return `LENSAI_DATA_DIR: ${dataDir} cannot be written (${codeOf(error)}); choose another folder or change its owner`;
  }
}

function portProblem(name: string, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(`${name}: ${listenProblem(error, host, port)}`));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

function listenProblem(error: Error, host: string, port: number): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `port ${port} is taken; stop the program that has it or choose another port`;
    case "EACCES":
      return `port ${port} needs more rights; choose one above 1023`;
    case "EADDRNOTAVAIL":
      return `${host} is not an address of this machine; change LENSAI_BIND_ADDRESS`;
    default:
      return `cannot listen on ${host}:${port} (${codeOf(error)})`;
  }
}

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error as Error).name;
