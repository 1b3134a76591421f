import { readFileSync } from "node:fs";
import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { dataFolderAt } from "../launcher/data-folder.ts";
import type { LauncherConfig } from "../launcher/launcher-config.ts";
import type { Project } from "./projects.ts";

/** The running installation of this data folder, as a client sees it. */
export interface Installation {
  readonly consoleUrl: string;
  readonly otlpHttpUrl: string;
  readonly controlToken: string;
}

export function findInstallation(config: LauncherConfig): Installation {
  return {
    consoleUrl: `http://127.0.0.1:${config.consolePort}`,
    otlpHttpUrl: `http://127.0.0.1:${config.collector.httpPort}`,
    controlToken:
      config.collector.control.token ??
      readToken(dataFolderAt(config.collector.dataDir).controlTokenFile),
  };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `there is no control token at ${file}; start LensAI first with npx pnpm@12 start, or set LENSAI_DATA_DIR to the folder it runs with`,
      { cause: error },
    );
  }
}

const REQUEST_TIMEOUT_MS = 15_000;
const answer = z.object({ key: z.string() });

/** Creates the project, or finds it, and returns a fresh ingest key for it. */
export async function projectKey(installation: Installation, project: Project): Promise<string> {
  const url = `${installation.consoleUrl}/internal/projects`;
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${installation.controlToken}`,
    },
    body: JSON.stringify({ id: project.id, name: project.name }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new LensError(
      "config.invalid",
      `no answer from ${url}; start LensAI first with npx pnpm@12 start, or use the seed command that it printed`,
      {
        cause: error,
      },
    );
  });
  if (!response.ok) {
    throw new LensError(
      "internal",
      `the console answered ${response.status} to the creation of project "${project.id}"`,
    );
  }
  return answer.parse(await response.json()).key;
}
