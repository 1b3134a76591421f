import { scopeOf } from "./call-scope.ts";
import type { CallScope } from "./call-scope.ts";
import { textOf, timeOf } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

/** A switch that is on; released ones are not listed. */
export interface KillSwitch {
  readonly id: string;
  readonly scope: CallScope;
  /** Shown to whoever's call it stops. */
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly triggeredAt: string;
}

export interface ControlKillSwitch extends KillSwitch {
  readonly projectId: string;
}

export function parseControlKillSwitch(entry: SectionEntry): ControlKillSwitch {
  return { ...parseKillSwitch(entry), projectId: textOf(entry, "projectId") };
}

export function parseKillSwitch(entry: SectionEntry): KillSwitch {
  return {
    id: textOf(entry, "id"),
    scope: scopeOf(entry),
    reason: textOf(entry, "reason"),
    triggeredAt: timeOf(entry, "triggeredAt"),
  };
}
