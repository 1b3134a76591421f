import { parseBudgetTerms } from "./budgets.ts";
import type { BudgetTerms } from "./budgets.ts";
import { parseKillSwitch } from "./kill-switches.ts";
import type { KillSwitch } from "./kill-switches.ts";
import { parseProjectPrices } from "./project-prices.ts";
import {
  isFields,
  optionalOneOf,
  optionalWholeOf,
  refuse,
  sectionOf,
  timeOf,
} from "./section-fields.ts";
import type { ControlSnapshot } from "./snapshot.ts";
import { STALE_MODES } from "./stale-modes.ts";
import type { StaleMode } from "./stale-modes.ts";

/**
 * The policy of one project: what a process must know to admit or refuse its calls. Collectors serve it at
 * `GET /v1/control` (the part of their control snapshot that concerns the project of the key), and a process
 * without a collector reads it from a file. The format version grows as the snapshot's does.
 */
export const CONTROL_POLICY_VERSION = 1;

export interface ControlPolicy {
  readonly formatVersion: typeof CONTROL_POLICY_VERSION;
  /** Of the snapshot it was taken from; grows with every change. A file may say 0. */
  readonly version: number;
  /** ISO 8601, UTC: when the console built it. */
  readonly issuedAt: string;
  /** Of the newest thing that every process is to acknowledge: a switch, its release, a drill. */
  readonly announcedVersion?: number;
  /** A process that has heard nothing of its policy for longer than this goes by `staleMode`. Absent: never. */
  readonly maxStalenessSeconds?: number;
  /** Absent: `closed`. */
  readonly staleMode?: StaleMode;
  readonly budgets: readonly BudgetTerms[];
  readonly killSwitches: readonly KillSwitch[];
  /** What the project pays where that is not what is published: a document of `projectPriceDocument`. */
  readonly prices?: unknown;
}

/** Parses a policy; throws TypeError naming the first field that is wrong. */
export function parseControlPolicy(value: unknown): ControlPolicy {
  if (!isFields(value)) refuse("the policy is not an object");
  const { formatVersion, version } = value;
  if (formatVersion !== CONTROL_POLICY_VERSION)
    refuse(`formatVersion ${String(formatVersion)} is not supported`);
  if (!Number.isSafeInteger(version) || (version as number) < 0)
    refuse("version is not a whole number");
  const { prices } = value;
  // Calls must not be held to other prices than they are billed by because a field got lost.
  if (prices !== undefined) parseProjectPrices(prices);
  const entry = { fields: value, at: "policy" };
  return {
    formatVersion: CONTROL_POLICY_VERSION,
    version: version as number,
    issuedAt: timeOf(entry, "issuedAt"),
    ...optionalWholeOf(entry, "announcedVersion"),
    ...optionalWholeOf(entry, "maxStalenessSeconds"),
    ...optionalOneOf(entry, "staleMode", STALE_MODES),
    budgets: sectionOf(value["budgets"], "budgets", parseBudgetTerms),
    killSwitches: sectionOf(value["killSwitches"], "killSwitches", parseKillSwitch),
    ...(prices !== undefined && { prices }),
  };
}

/** What of a snapshot concerns a project; nothing of any other project is in it. */
export function policyOf(snapshot: ControlSnapshot, projectId: string): ControlPolicy {
  const { version, issuedAt, projects, budgets = [], killSwitches = [] } = snapshot;
  const project = projects.find(({ id }) => id === projectId);
  const { announcedVersion, maxStalenessSeconds, staleMode } = project ?? {};
  return {
    formatVersion: CONTROL_POLICY_VERSION,
    version,
    issuedAt,
    ...(announcedVersion !== undefined && { announcedVersion }),
    ...(maxStalenessSeconds !== undefined && { maxStalenessSeconds }),
    ...(staleMode !== undefined && { staleMode }),
    budgets: ofProject(budgets, projectId),
    killSwitches: ofProject(killSwitches, projectId),
  };
}

function ofProject<T extends { readonly projectId: string }>(
  entries: readonly T[],
  projectId: string,
): readonly Omit<T, "projectId">[] {
  return entries.flatMap(({ projectId: owner, ...terms }) => (owner === projectId ? [terms] : []));
}
