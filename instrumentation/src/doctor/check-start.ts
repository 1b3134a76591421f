import { readFileSync, readdirSync, statSync } from "node:fs";
import type { Dirent } from "node:fs";
import path from "node:path";
import type { Variables } from "../export/export-settings.ts";
import type { Finding } from "./finding.ts";
import { ok, problem } from "./finding.ts";
import type { PackageJson } from "./installed-packages.ts";

const NODE_MAJOR_MIN = 20;
const REGISTER = "@lensai/instrumentation/register";
/** The ways to start in code. */
const IN_CODE = /@lensai\/instrumentation\/(configure|register|fetch\/(wrap|instrument)-fetch)/;
const SOURCE_FILE = /\.(?:[cm]?[jt]sx?|svelte|vue|sh|ya?ml|toml|service)$|^(?:Dockerfile|Procfile)/;
/** Folders that hold no source of the application. */
const SKIPPED = /^(?:node_modules|dist|build|coverage|out|vendor|\..*)$/;
/** Enough for most applications, and quick. */
const FILES_MAX = 5000;
const FILE_BYTES_MAX = 512 * 1024;

export function checkNode(version: string): Finding {
  const major = Number(version.replace(/^v/, "").split(".")[0]);
  if (major >= NODE_MAJOR_MIN) return ok("node", `Node ${version}`);
  return problem("node", `Node ${version} is too old`, `use Node ${NODE_MAJOR_MIN} or newer`);
}

/** Is there anything that starts the instrumentation, as far as one can see from outside? */
export function checkStart(folder: string, app: PackageJson | undefined, env: Variables): Finding {
  if (env["NODE_OPTIONS"]?.includes(REGISTER) === true) {
    return ok("start", "started by NODE_OPTIONS");
  }
  const script = Object.entries(app?.scripts ?? {}).find(([, line]) => line.includes(REGISTER));
  if (script !== undefined) return ok("start", `started by the script "${script[0]}"`);
  const file = sourceThatStarts(folder);
  if (file !== undefined) return ok("start", `started in ${file}`);
  return problem(
    "start",
    "nothing was found that starts the instrumentation",
    `start the application with node --import ${REGISTER} (for CommonJS --require does as well), or call configure()`,
  );
}

function sourceThatStarts(folder: string): string | undefined {
  const waiting = [folder];
  let seen = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of entriesOf(next)) {
      const place = path.join(next, entry.name);
      if (entry.isDirectory() && !SKIPPED.test(entry.name)) waiting.push(place);
      if (!entry.isFile() || !SOURCE_FILE.test(entry.name) || (seen += 1) > FILES_MAX) continue;
      if (IN_CODE.test(textOf(place))) return path.relative(folder, place);
    }
  }
  return undefined;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return statSync(file).size > FILE_BYTES_MAX ? "" : readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
