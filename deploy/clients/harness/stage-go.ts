import path from "node:path";
import { install } from "./install.ts";
import type { StageRuntime } from "./stage.ts";

const PROGRAM = "app";

export const stageGo: StageRuntime = async (client, folder, versions) => {
  if (versions.length > 0) await install("go", ["get", ...versions], { folder });
  await install("go", ["build", "-o", PROGRAM, "."], { folder });
  const found: Record<string, string> = {};
  for (const name of client.packages) {
    const [, version = "unknown"] = (await install("go", ["list", "-m", name], { folder })).split(
      /\s+/,
    );
    found[name] = version;
  }
  return { folder, command: path.join(folder, PROGRAM), args: [], versions: found };
};
