import { swapName } from "./swap-log.ts";

/** What the names of merged files begin with; landings are named by their collector. */
export const MERGED_PREFIX = "compact-";

/** No two compactions ever write one key: `runId` is drawn anew by each pass. */
export function mergedName(swapNumber: number, runId: string, position: number): string {
  return `${swapName(swapNumber)}-${runId}-${position}`;
}
