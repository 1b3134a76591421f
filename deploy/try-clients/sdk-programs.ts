import { cpSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onPorts, parseEnvFile, readReadyFile } from "./env-file.ts";
import type { Program } from "./program.ts";
import { runCommand } from "./run-command.ts";

/** The SDKs of OpenTelemetry, each with its own environment file and an app of a few lines. */

interface SdkApp {
  readonly name: string;
  readonly file: string;
  readonly prepare: (folder: string) => Promise<string>;
  /** The command and its arguments. */
  readonly command: readonly [string, ...string[]];
}

const APPS = fileURLToPath(new URL("apps/", import.meta.url));

function sdkProgram({ name, file, prepare, command }: SdkApp): Program {
  const [program, ...args] = command;
  return {
    name,
    file,
    prepare(folder) {
      cpSync(path.join(APPS, name), folder, { recursive: true });
      return prepare(folder);
    },
    async run(folder, ports) {
      const env = Object.fromEntries(parseEnvFile(onPorts(readReadyFile(file), ports)));
      await runCommand(program, args, { cwd: folder, env });
    },
  };
}

const node = sdkProgram({
  name: "node",
  file: "node.env",
  async prepare(folder) {
    const packages = ["@opentelemetry/api", "@opentelemetry/auto-instrumentations-node"];
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await runCommand("npm", ["install", ...flags, ...packages], { cwd: folder });
    const file = path.join(folder, "node_modules", packages[1] ?? "", "package.json");
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return `auto-instrumentations-node ${version}`;
  },
  command: ["node", "--import", "@opentelemetry/auto-instrumentations-node/register", "app.mjs"],
});

const python = sdkProgram({
  name: "python",
  file: "python.env",
  async prepare(folder) {
    if (!existsSync(path.join(folder, "venv")))
      await runCommand("python3", ["-m", "venv", "venv"], { cwd: folder });
    const packages = ["opentelemetry-distro", "opentelemetry-exporter-otlp-proto-http"];
    await runCommand("venv/bin/pip", ["install", "-q", ...packages], { cwd: folder });
    const shown = await runCommand("venv/bin/pip", ["show", "opentelemetry-sdk"], { cwd: folder });
    return `opentelemetry-sdk ${/^Version: (.*)$/m.exec(shown)?.[1]}`;
  },
  command: ["venv/bin/opentelemetry-instrument", "venv/bin/python", "app.py"],
});

const go = sdkProgram({
  name: "go",
  file: "go.env",
  async prepare(folder) {
    if (!existsSync(path.join(folder, "go.mod")))
      await runCommand("go", ["mod", "init", "try"], { cwd: folder });
    await runCommand("go", ["mod", "tidy"], { cwd: folder });
    await runCommand("go", ["build", "-o", "app", "."], { cwd: folder });
    const [, version] = (
      await runCommand("go", ["list", "-m", "go.opentelemetry.io/otel/sdk"], { cwd: folder })
    ).split(/\s/);
    return `go.opentelemetry.io/otel/sdk ${version}`;
  },
  command: ["./app"],
});

const java = sdkProgram({
  name: "java",
  file: "java.env",
  async prepare(folder) {
    const goals = ["compile", "dependency:copy-dependencies"];
    await runCommand("mvn", ["-q", "-B", ...goals], { cwd: folder });
    const pom = readFileSync(path.join(folder, "pom.xml"), "utf8");
    return `opentelemetry-sdk ${/<otel.version>(.*)<\//.exec(pom)?.[1]}`;
  },
  command: ["java", "-cp", "target/classes:target/dependency/*", "App"],
});

export const SDK_PROGRAMS: readonly Program[] = [node, python, go, java];
