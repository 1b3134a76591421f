import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import type { StaleMode } from "@lensai/otel-config/control/stale-modes";

/** How old the policy is that decides about a call. */
export interface PolicyAge {
  readonly staleSeconds: number;
  /** What becomes of the call for that reason; undefined while the policy is not too old. */
  readonly staleMode: StaleMode | undefined;
}

/** Collectors say something every 15 seconds: one that is heard is not worth a word. */
const TOLD_FROM_SECONDS = 60;

/** Undefined while there is nothing to say: it is heard, or it comes from a file. */
export function policyAge(
  { maxStalenessSeconds = Infinity, staleMode = "closed" }: ControlPolicy,
  silentMs: number | undefined,
): PolicyAge | undefined {
  if (silentMs === undefined) return undefined;
  const staleSeconds = Math.floor(silentMs / 1_000);
  const isTooOld = staleSeconds > maxStalenessSeconds;
  if (!isTooOld && staleSeconds < TOLD_FROM_SECONDS) return undefined;
  return { staleSeconds, staleMode: isTooOld ? staleMode : undefined };
}
