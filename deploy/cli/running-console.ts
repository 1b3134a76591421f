import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec } from "@lensai/otel-config/settings";
import { dataFolderAt } from "../launcher/data-folder.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A console that answers whoever has its control token. */
export interface RunningConsole {
  readonly url: string;
  readonly controlToken: string;
}

/**
 * The console that the settings mean: LENSAI_CONTROL_URL and LENSAI_CONTROL_TOKEN, else the one that the launcher runs with
 * this data folder. Throws LensError `config.invalid` when there is no token.
 */
export function runningConsole(environment: Environment, workingDir: string): RunningConsole {
  const valueOf = (name: string): string => environment[name] || (settingSpec(name).default ?? "");
  const url =
    environment["LENSAI_CONTROL_URL"] || `http://127.0.0.1:${valueOf("LENSAI_CONSOLE_PORT")}`;
  const dataFolder = resolve(workingDir, valueOf("LENSAI_DATA_DIR"));
  const { controlTokenFile } = dataFolderAt(dataFolder);
  const controlToken = environment["LENSAI_CONTROL_TOKEN"] || readToken(controlTokenFile);
  return { url: url.replace(/\/+$/, ""), controlToken };
}

function readToken(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new LensError(
      "config.invalid",
      `there is no control token at ${file}; set LENSAI_CONTROL_TOKEN and LENSAI_CONTROL_URL to those of the console, or LENSAI_DATA_DIR to the folder that LensAI runs with`,
      { cause: error },
    );
  }
}

const REQUEST_TIMEOUT_MS = 15_000;
const BUSY = 503;

export interface ConsoleRequest {
  readonly method: string;
  readonly body?: unknown;
  /** For what takes longer than an answer should. */
  readonly timeoutMs?: number;
}

/**
 * The body of its answer, undefined when there is none. Throws LensError with what the console says is wrong, retryable
 * when it is busy.
 */
export async function askConsole(
  { url, controlToken }: RunningConsole,
  path: string,
  { method, body, timeoutMs = REQUEST_TIMEOUT_MS }: ConsoleRequest,
): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${controlToken}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw new LensError(
      "config.invalid",
      `no answer from the console at ${url}; start LensAI first, or set LENSAI_CONTROL_URL, or LENSAI_CONSOLE_PORT and LENSAI_DATA_DIR to those it runs with`,
      { cause: error },
    );
  });
  const text = await response.text();
  if (response.ok) return text === "" ? undefined : JSON.parse(text);
  const problem = detailOf(text) ?? `the console answered ${response.status}`;
  throw new LensError("query.invalid", problem, { retryable: response.status === BUSY });
}

function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined;
  }
}
