import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { NODE_PROGRAM } from "./stage-node.ts";
import type { StagedClient } from "./stage.ts";
import type { VersionSet } from "./version-list.ts";

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * The program of a staged client in a folder inside of the client's own, with these packages beside it:
 * what it does not find there, as the instrumentation, it finds further up. Throws LensError `config.invalid`
 * when they cannot be installed.
 */
export async function stageVersions(client: StagedClient, set: VersionSet): Promise<StagedClient> {
  const above = path.join(client.folder, "versions");
  const folder = path.join(above, set.name);
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(client.folder, "..", "shared"), path.join(above, "shared"), { recursive: true });
  cpSync(path.join(client.folder, NODE_PROGRAM), path.join(folder, NODE_PROGRAM));
  writeFileSync(path.join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
  try {
    await run("npm", ["install", "--loglevel=error", ...flags, ...set.packages], {
      cwd: folder,
      timeout: INSTALL_TIMEOUT_MS,
    });
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error);
    throw new LensError("config.invalid", `${set.name} could not be installed: ${output}`, {
      cause: error,
    });
  }
  const [asked = ""] = set.packages;
  const name = asked.slice(0, asked.lastIndexOf("@"));
  return { ...client, folder, versions: { [name]: installedVersion(folder, name) } };
}

function installedVersion(folder: string, name: string): string {
  const file = path.join(folder, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
