import {
  callsDespiteSwitch,
  type CallsDespiteSwitch,
} from "@lensai/analytics/queries/calls-despite-switch";
import type { TimeRange } from "@lensai/analytics/queries/query-source";
import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { LakeReader } from "./lake-reader.ts";

/** A kill-switch as this asks about it. */
export interface SwitchTime {
  readonly id: string;
  readonly scope: CallScope;
  readonly reason: string;
  readonly triggeredAt: Date;
  /** Absent while it is on. */
  readonly releasedAt?: Date;
}

export interface DespiteSwitch {
  readonly killSwitch: SwitchTime;
  readonly services: readonly CallsDespiteSwitch[];
}

/** Until every process knows of a switch; calls of that time are nobody's fault. */
const KNOWN_AFTER_MS = 5_000;
const SERVICES_SHOWN = 20;

/** The switches that were on within a time and that calls were made in spite of. Rejects with the lake's or the query's LensError. */
export async function loadDespiteSwitches(
  lake: LakeReader,
  projectId: string,
  { range, switches }: { readonly range: TimeRange; readonly switches: readonly SwitchTime[] },
): Promise<DespiteSwitch[]> {
  const found = await Promise.all(
    switches.map(async (killSwitch): Promise<DespiteSwitch> => {
      const { scope, triggeredAt, releasedAt } = killSwitch;
      const fromUnixMs = Math.max(range.fromUnixMs, triggeredAt.getTime() + KNOWN_AFTER_MS);
      const toUnixMs = Math.min(range.toUnixMs, releasedAt?.getTime() ?? Infinity);
      if (fromUnixMs >= toUnixMs) return { killSwitch, services: [] };
      const within = { fromUnixMs, toUnixMs };
      const name = `despite ${JSON.stringify(scope)}`;
      const services = await lake.ask({ name, projectId, ...within }, (target) =>
        callsDespiteSwitch(projectId, { ...within, scope, limit: SERVICES_SHOWN }, target),
      );
      return { killSwitch, services };
    }),
  );
  return found.filter(({ services }) => services.length > 0);
}
