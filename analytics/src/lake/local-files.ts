import type { ManifestFile } from "./manifest.ts";

/** Lake files as files of this machine, for readers that want paths. */
export interface LocalFiles {
  /** Calls `run` with the paths of the files, in their order; they stay there until it has ended. */
  use<T>(files: readonly ManifestFile[], run: (paths: readonly string[]) => Promise<T>): Promise<T>;
}
