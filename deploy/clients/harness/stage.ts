import { accessSync, constants, cpSync, mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import type { Client } from "./client.ts";
import { stageGo } from "./stage-go.ts";
import { stageJava } from "./stage-java.ts";
import { stageNode } from "./stage-node.ts";
import { stagePython } from "./stage-python.ts";

const CLIENTS_FOLDER = fileURLToPath(new URL("..", import.meta.url));
/** Outside the repository: hundreds of packages that nothing of the project may find by accident. */
const STAGE_FOLDER = path.join(os.tmpdir(), "lensai-clients");

/** A client with its packages installed, ready to run. */
export interface StagedClient {
  readonly folder: string;
  readonly command: string;
  /** Before the name of the scenario. */
  readonly args: readonly string[];
  /** Installed versions by package, those that a verdict is about. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Installs a client's packages in its folder; `versions` ("package@version") in place of the locked ones. */
export type StageRuntime = (
  client: Client,
  folder: string,
  versions: readonly string[],
) => Promise<StagedClient>;

const STAGE: Readonly<Record<Client["runtime"], StageRuntime>> = {
  node: stageNode,
  python: stagePython,
  java: stageJava,
  go: stageGo,
};

/** What a runtime needs that not every machine has. */
const PROGRAMS: Readonly<Record<Client["runtime"], readonly string[]>> = {
  node: [],
  python: ["python3"],
  java: ["java", "mvn"],
  go: ["go"],
};

/** The first program that a client needs and that is not on the PATH; undefined when all are there. */
export function missingProgram({ runtime }: Client): string | undefined {
  return PROGRAMS[runtime].find((program) => !isInstalled(program));
}

function isInstalled(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Copies a client next to the shared steps and installs what its lock file says, or, with `versions`
 * ("package@version"), those in their place. Throws LensError `config.invalid` when that fails.
 */
export async function stageClient(
  client: Client,
  versions: readonly string[],
): Promise<StagedClient> {
  const suffix = versions.map((version) => version.replaceAll(/[^\w.-]/g, "_")).join("+");
  const folder = path.join(STAGE_FOLDER, suffix === "" ? client.name : `${client.name}+${suffix}`);
  mkdirSync(folder, { recursive: true });
  copy("shared", path.join(STAGE_FOLDER, "shared"));
  copy(client.app, folder);
  copy(client.install ?? client.name, folder);
  try {
    return await STAGE[client.runtime](client, folder, versions);
  } catch (error) {
    const { stdout = "", stderr = String(error) } = error as { stdout?: string; stderr?: string };
    const output = `${stdout}${stderr}`.slice(-2000);
    const message = `${client.name} could not be installed in ${folder}: ${output}`;
    throw new LensError("config.invalid", message, { cause: error });
  }
}

function copy(name: string, target: string): void {
  cpSync(path.join(CLIENTS_FOLDER, name), target, { recursive: true });
}
