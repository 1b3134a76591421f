import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./install.ts";
import type { StageRuntime } from "./stage.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

export const stagePython: StageRuntime = async (client, folder, versions) => {
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
  const list = await install(python, ["-m", "pip", "list", "--format=json"], { folder });
  const installed = JSON.parse(list) as { name: string; version: string }[];
  const versionOf = (name: string): string =>
    installed.find((each) => each.name.toLowerCase() === name)?.version ?? "unknown";
  return {
    folder,
    command: python,
    args: ["app.py"],
    versions: Object.fromEntries(client.packages.map((name) => [name, versionOf(name)])),
  };
};
