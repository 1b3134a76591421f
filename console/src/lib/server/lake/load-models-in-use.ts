import { modelsInUse, type ModelInUse } from "@lensai/analytics/queries/models-in-use";
import type { LakeReader } from "./lake-reader.ts";

/** More than a person reads through; the dearest are first. */
const MODELS_SHOWN = 200;
const DAYS = 30;
const HOUR_MS = 3_600_000;

/** The models of the last 30 days. Rejects with the lake's or the query's LensError. */
export async function loadModelsInUse(
  lake: LakeReader,
  projectId: string,
  nowUnixMs: number,
): Promise<readonly ModelInUse[]> {
  await lake.refresh();
  // On the hour, so that the answer is found again.
  const toUnixMs = Math.ceil(nowUnixMs / HOUR_MS) * HOUR_MS;
  const range = { fromUnixMs: toUnixMs - DAYS * 24 * HOUR_MS, toUnixMs };
  return lake.ask({ name: "models in use", projectId, ...range }, (target) =>
    modelsInUse(projectId, { ...range, limit: MODELS_SHOWN }, target),
  );
}
