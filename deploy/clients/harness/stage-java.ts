import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { install } from "./install.ts";
import type { StageRuntime } from "./stage.ts";

/** Maven's project says its versions as properties: "artifact@1.0" sets `artifact.version`. */
export const stageJava: StageRuntime = async (client, folder, versions) => {
  const properties = versions.map((wanted) => {
    const at = wanted.lastIndexOf("@");
    return `-D${wanted.slice(0, at)}.version=${wanted.slice(at + 1)}`;
  });
  rmSync(path.join(folder, "target"), { recursive: true, force: true });
  const goals = ["compile", "dependency:copy-dependencies"];
  await install("mvn", ["-q", "-B", ...properties, ...goals], { folder });
  const archives = readdirSync(path.join(folder, "target", "dependency"));
  return {
    folder,
    command: "java",
    args: ["-cp", "target/classes:target/dependency/*", "App"],
    versions: Object.fromEntries(client.packages.map((name) => [name, versionIn(archives, name)])),
  };
};

/** "openai-java" of "openai-java-4.1.0.jar", but not of "openai-java-core-4.1.0.jar". */
function versionIn(archives: readonly string[], name: string): string {
  const own = archives.find((file) => file.startsWith(`${name}-`) && /^\d/.test(rest(file, name)));
  return own === undefined ? "unknown" : rest(own, name).slice(0, -".jar".length);
}

const rest = (file: string, name: string): string => file.slice(name.length + "-".length);
