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
const createdSchema = z.object({ keyId: z.string(), key: z.string() });

/** A key of the seed's own; it is revoked when the traffic is sent. */
export interface SeedKey {
  readonly projectId: string;
  readonly keyId: string;
  readonly key: string;
}

/** Creates the project, or finds it, and returns a fresh ingest key for it. */
export async function createProjectKey(
  installation: Installation,
  { id, name }: Project,
): Promise<SeedKey> {
  const response = await ask(installation, "/internal/projects", {
    method: "POST",
    body: { id, name },
  });
  if (!response.ok) {
    throw new LensError(
      "internal",
      `the console answered ${response.status} to the creation of project "${id}"`,
    );
  }
  return { projectId: id, ...createdSchema.parse(await response.json()) };
}

/** Nobody can send with the key afterwards. */
export async function revokeProjectKey(
  installation: Installation,
  { projectId, keyId }: SeedKey,
): Promise<void> {
  const response = await ask(installation, "/internal/keys", {
    method: "DELETE",
    body: { projectId, keyId },
  });
  if (response.ok) return;
  throw new LensError(
    "internal",
    `the console answered ${response.status} when key ${keyId} of project "${projectId}" was to be revoked; revoke it with lensai keys revoke`,
  );
}

async function ask(
  { consoleUrl, controlToken }: Installation,
  path: string,
  { method, body }: { readonly method: string; readonly body: object },
): Promise<Response> {
  const url = `${consoleUrl}${path}`;
  try {
    return await fetch(url, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${controlToken}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `no answer from ${url}; start LensAI first with npx pnpm@12 start, or use the seed command that it printed`,
      { cause: error },
    );
  }
}
