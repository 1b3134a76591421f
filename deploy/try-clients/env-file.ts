import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the ready files are. */
const FILES = new URL("../../otel-config/env/", import.meta.url);

/** The path of a ready file. */
export const readyFilePath = (name: string): string => fileURLToPath(new URL(name, FILES));

/** The text of a ready file. */
export const readReadyFile = (name: string): string => readFileSync(readyFilePath(name), "utf8");

/** `NAME=value` lines; comments and empty lines are skipped. Throws on anything else, and on a name twice. */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined || values.has(name)) {
      throw new TypeError(`not a line of an environment file, or a name twice: ${line}`);
    }
    values.set(name, value);
  }
  return values;
}

/** The same text for a collector on other ports than the usual ones. */
export function onPorts(text: string, ports: { httpPort: number; grpcPort: number }): string {
  return text
    .replaceAll("127.0.0.1:4318", `127.0.0.1:${ports.httpPort}`)
    .replaceAll("127.0.0.1:4317", `127.0.0.1:${ports.grpcPort}`);
}
