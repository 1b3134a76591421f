import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readLitellmList } from "@lensai/otel-config/pricing/litellm-list";
import type { LitellmList } from "@lensai/otel-config/pricing/litellm-list";
import { fileStoreError } from "../object-store/file-error.ts";
import { usageError } from "./arguments.ts";
import type { CliContext } from "./cli-context.ts";

/** A JSON document that somebody else wrote. Throws `config.invalid` for a file that is none. */
export async function readJsonFile(file: string, { workingDir }: CliContext): Promise<unknown> {
  const path = resolve(workingDir, file);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw fileStoreError(error, `read ${path}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw usageError(`${path} is not JSON: ${(cause as Error).message}`, cause);
  }
}

/** Throws `config.invalid` for a document of another shape. */
export function litellmList(document: unknown): LitellmList {
  try {
    return readLitellmList(document);
  } catch (cause) {
    throw usageError((cause as Error).message, cause);
  }
}
