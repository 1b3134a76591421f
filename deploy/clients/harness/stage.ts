import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import type { Client } from "./client.ts";

const run = promisify(execFile);

/** A few hundred packages over a slow line. */
const INSTALL_TIMEOUT_MS = 600_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const CLIENTS_FOLDER = fileURLToPath(new URL("..", import.meta.url));
/** Outside the repository: hundreds of packages that nothing of the project may find by accident. */
const STAGE_FOLDER = path.join(os.tmpdir(), "lensai-clients");

/** A client with its packages installed, ready to run. */
export interface StagedClient {
  readonly folder: string;
  readonly command: string;
  readonly program: string;
  /** Installed versions by package, those that a verdict is about. */
  readonly versions: Readonly<Record<string, string>>;
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
    return client.runtime === "python"
      ? await stagePython(client, folder, versions)
      : await stageNode(client, folder, versions);
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error);
    const message = `${client.name} could not be installed in ${folder}: ${output.slice(-2000)}`;
    throw new LensError("config.invalid", message, { cause: error });
  }
}

function copy(name: string, target: string): void {
  cpSync(path.join(CLIENTS_FOLDER, name), target, { recursive: true });
}

async function stageNode(
  client: Client,
  folder: string,
  versions: readonly string[],
): Promise<StagedClient> {
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await install(
    "npm",
    versions.length === 0 ? ["ci", ...flags] : ["install", ...flags, ...versions],
    {
      folder,
    },
  );
  if (client.packs !== undefined) await installPacked(client.packs, folder, flags);
  const versionOf = (name: string): string => {
    const file = path.join(folder, "node_modules", name, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  };
  return {
    folder,
    command: "node",
    program: "app.mjs",
    versions: Object.fromEntries(client.packages.map((name) => [name, versionOf(name)])),
  };
}

/** Builds and packs packages of this repository, and installs them as their users get them. */
async function installPacked(
  names: readonly string[],
  folder: string,
  flags: readonly string[],
): Promise<void> {
  const archives: string[] = [];
  for (const name of names) {
    const source = { folder: path.join(REPOSITORY, name) };
    const archive = path.join(folder, `${path.basename(name)}.tgz`);
    await install("npx", ["-y", "pnpm@12", "build"], source);
    await install("npx", ["-y", "pnpm@12", "pack", "--out", archive], source);
    archives.push(archive);
  }
  // At once: one of them may need another, which no registry has in this form.
  await install("npm", ["install", "--no-save", "--no-package-lock", ...flags, ...archives], {
    folder,
  });
}

async function stagePython(
  client: Client,
  folder: string,
  versions: readonly string[],
): Promise<StagedClient> {
  const python = path.join(folder, "venv", "bin", "python");
  if (!existsSync(python)) await install("python3", ["-m", "venv", "venv"], { folder });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await install(python, [...pip, "-r", "requirements.txt"], { folder });
  const wanted = versions.map((version) => version.replace("@", "=="));
  if (wanted.length > 0) await install(python, [...pip, ...wanted], { folder });
  for (const name of client.packs ?? []) {
    const source = path.join(REPOSITORY, name);
    await install(python, [...pip, "--no-deps", "--force-reinstall", source], { folder });
  }
  const { stdout } = await run(python, ["-m", "pip", "list", "--format=json"], { cwd: folder });
  const installed = JSON.parse(stdout) as { name: string; version: string }[];
  const versionOf = (name: string): string =>
    installed.find((each) => each.name.toLowerCase() === name)?.version ?? "unknown";
  return {
    folder,
    command: python,
    program: "app.py",
    versions: Object.fromEntries(client.packages.map((name) => [name, versionOf(name)])),
  };
}

async function install(
  command: string,
  args: readonly string[],
  { folder }: { readonly folder: string },
): Promise<void> {
  const limits = { timeout: INSTALL_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
  await run(command, [...args], { cwd: folder, ...limits });
}
