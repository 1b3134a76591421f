import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileStoreError } from "../object-store/file-error.ts";
import type { CliContext } from "./cli-context.ts";

/** A file that a command was given, by its whole path and with its text. Throws the LensError of the file system. */
export async function readTextFile(
  file: string,
  { workingDir }: CliContext,
): Promise<{ readonly path: string; readonly text: string }> {
  const path = resolve(workingDir, file);
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    throw fileStoreError(error, `read ${path}`);
  }
}
