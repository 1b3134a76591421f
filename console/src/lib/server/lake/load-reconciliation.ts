import { dailyCallsByModel, type DailyCalls } from "@lensai/analytics/queries/daily-calls-by-model";
import { readProviderFiles } from "@lensai/analytics/reconcile/read-provider-file";
import { reconcilePages, type Reconciliation } from "@lensai/analytics/reconcile/reconciliation";
import { LensError } from "@lensai/otel-config/errors";
import { scaleDecimal } from "@lensai/otel-config/money";
import { CUSTOM_RANGE_MAX_MS } from "../../time-range.ts";
import type { ReconcileInput } from "../services/reconcile/schemas.ts";
import type { LakeReader } from "./lake-reader.ts";

/** A percent has so many digits behind the point until it is a millionth. */
const PPM_DIGITS_OF_A_PERCENT = 4;

/**
 * Puts what providers say that they charge beside the calls of projects; nothing is kept. Rejects with `query.invalid` for files that
 * are no reports, or tell nothing of the days asked for.
 */
export async function loadReconciliation(
  lake: LakeReader,
  projectIds: readonly string[],
  { files, from, to, tolerancePercent }: ReconcileInput,
): Promise<Reconciliation> {
  const pages = asQuestion(() => readProviderFiles(files));
  const tolerance = scaleDecimal(tolerancePercent, PPM_DIGITS_OF_A_PERCENT);
  if (tolerance === undefined)
    throw new LensError(
      "query.invalid",
      "tolerancePercent: has at most four digits behind the point",
    );
  await lake.refresh();
  const input = { pages, range: { from, to }, tolerance };
  const found = await reconcilePages(input, async (range) => {
    if (range.fromUnixMs >= range.toUnixMs)
      throw new LensError("query.invalid", `to: ${to} is not after ${from}`);
    if (range.toUnixMs - range.fromUnixMs > CUSTOM_RANGE_MAX_MS)
      throw new LensError("query.invalid", "from: at most 92 days are compared at once");
    const calls: DailyCalls[] = [];
    for (const projectId of projectIds) {
      const own = await lake.askOnce({ projectId, ...range }, (target) =>
        dailyCallsByModel(projectId, range, target),
      );
      calls.push(...own);
    }
    return calls;
  });
  if (found === undefined)
    throw new LensError("query.invalid", "files: they tell nothing of the days asked for");
  return found;
}

/** A file that cannot be read is the asker's. */
function asQuestion<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LensError) || error.code !== "config.invalid") throw error;
    throw new LensError("query.invalid", `files: ${error.message}`);
  }
}
