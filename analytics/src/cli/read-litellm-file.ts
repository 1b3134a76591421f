import { readLitellmList } from "@lensai/otel-config/pricing/litellm-list";
import type { LitellmList } from "@lensai/otel-config/pricing/litellm-list";
import { usageError } from "./arguments.ts";
import type { CliContext } from "./cli-context.ts";
import { readTextFile } from "./read-text-file.ts";

/** A JSON document that somebody else wrote. Throws `config.invalid` for a file that is none. */
export async function readJsonFile(file: string, context: CliContext): Promise<unknown> {
  const { path, text } = await readTextFile(file, context);
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
