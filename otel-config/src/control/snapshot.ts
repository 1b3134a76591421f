import { parseBudget } from "./budgets.ts";
import type { ControlBudget } from "./budgets.ts";
import { parseKey } from "./keys.ts";
import type { ControlKey } from "./keys.ts";
import { parseControlKillSwitch } from "./kill-switches.ts";
import type { ControlKillSwitch } from "./kill-switches.ts";
import { parseProject } from "./projects.ts";
import type { ControlProject } from "./projects.ts";
import { isFields, refuse, sectionOf } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";
import { parseSigningSecret } from "./signing-secrets.ts";
import type { ControlSigningSecret } from "./signing-secrets.ts";

/**
 * The control snapshot: everything a collector must know, as one versioned JSON document that the
 * console builds from Postgres. Collectors keep the last good copy on disk, so ingest survives a dead
 * console or database (ADR-0001). Each section is a file beside this one.
 *
 * The format version stays while a document of yesterday means today what it meant yesterday: new sections
 * and new fields may be absent, and what is not known is ignored. It grows when a field changes its meaning.
 */
export const CONTROL_SNAPSHOT_VERSION = 1;

/** The signed copy that a collector keeps in its data folder. */
export const CONTROL_SNAPSHOT_FILE = "control-snapshot.json";

export interface ControlSnapshot {
  readonly formatVersion: typeof CONTROL_SNAPSHOT_VERSION;
  /** Grows with every change; also the ETag. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly issuedAt: string;
  readonly projects: readonly ControlProject[];
  readonly keys: readonly ControlKey[];
  // Sections that documents of before they existed do not have.
  readonly signingSecrets?: readonly ControlSigningSecret[];
  readonly budgets?: readonly ControlBudget[];
  readonly killSwitches?: readonly ControlKillSwitch[];
  /**
   * What projects have set in the console, as a price document (pricing/parse-price-entries.ts). It is not read here: a price that
   * this version cannot read must not keep a kill-switch from holding.
   */
  readonly prices?: unknown;
}

/** Parses a snapshot; throws TypeError naming the first field that is wrong. */
export function parseControlSnapshot(value: unknown): ControlSnapshot {
  if (!isFields(value)) refuse("not an object");
  const { version, issuedAt } = value;
  if (value["formatVersion"] !== CONTROL_SNAPSHOT_VERSION)
    refuse(`formatVersion ${String(value["formatVersion"])} is not supported`);
  if (!Number.isSafeInteger(version) || (version as number) < 0)
    refuse("version is not a whole number");
  if (typeof issuedAt !== "string") refuse("issuedAt is not a string");
  return {
    formatVersion: CONTROL_SNAPSHOT_VERSION,
    version: version as number,
    issuedAt,
    projects: sectionOf(value["projects"], "projects", parseProject),
    keys: sectionOf(value["keys"], "keys", parseKey),
    ...optionalSection(value, "signingSecrets", parseSigningSecret),
    ...optionalSection(value, "budgets", parseBudget),
    ...optionalSection(value, "killSwitches", parseControlKillSwitch),
    ...(value["prices"] !== undefined && { prices: value["prices"] }),
  };
}

/** Absent is not empty: an older console says nothing about it. */
function optionalSection<Name extends string, T>(
  document: Readonly<Record<string, unknown>>,
  name: Name,
  parse: (entry: SectionEntry) => T,
): { readonly [N in Name]?: readonly T[] } {
  if (document[name] === undefined) return {};
  return { [name]: sectionOf(document[name], name, parse) } as { [N in Name]: readonly T[] };
}
