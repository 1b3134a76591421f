import type { ManifestFile } from "@lensai/analytics/lake/manifest";
import type { ObjectStore } from "@lensai/analytics/object-store/object-store";
import { LensError } from "@lensai/otel-config/errors";
import type { LakeSettings } from "../settings.ts";

/** Lake files as paths that DuckDB can open. */
export interface LocalFiles {
  pathsOf(files: readonly ManifestFile[]): Promise<string[]>;
}

export async function openLocalFiles(
  store: ObjectStore,
  _settings: LakeSettings,
): Promise<LocalFiles> {
  const { localPath } = store;
  if (localPath !== undefined) {
    return {
      pathsOf: (files) => Promise.resolve(files.map((file) => localPath.call(store, file.key))),
    };
  }
  throw new LensError("internal", "no cache yet");
}
