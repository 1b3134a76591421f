import { LensError } from "@lensai/otel-config/errors";
import type { ManifestFile } from "./manifest.ts";

/** Lake files as files of this machine, for readers that want paths. */
export interface LocalFiles {
  /** Calls `run` with the paths of the files, in their order; they stay there until it has ended. */
  use<T>(files: readonly ManifestFile[], run: (paths: readonly string[]) => Promise<T>): Promise<T>;
}

/** How a reader comes by the files it wants: those that `choose` names, and once more after `refresh`. */
export interface WantedFiles {
  readonly choose: () => readonly ManifestFile[];
  readonly refresh: () => Promise<unknown>;
}

/**
 * Reads files that count. One that was compacted after the reader last looked at the manifest may be gone: then
 * the rows are read from the files that have taken its place.
 */
export async function useLiveFiles<T>(
  files: LocalFiles,
  { choose, refresh }: WantedFiles,
  run: (wanted: readonly ManifestFile[], paths: readonly string[]) => Promise<T>,
): Promise<T> {
  const attempt = async (): Promise<T> => {
    const wanted = choose();
    return await files.use(wanted, (paths) => run(wanted, paths));
  };
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof LensError) || error.code !== "lake.object_missing") throw error;
    await refresh();
    return await attempt();
  }
}
