import { oneOf, optionalFlagOf, optionalOneOf, optionalWholeOf, textOf } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";
import { STALE_MODES } from "./stale-modes.ts";
import type { StaleMode } from "./stale-modes.ts";

/** `redacted`: content is stored after redaction. `off`: message content is not stored at all. */
export type ContentPolicy = "redacted" | "off";

export interface ControlProject {
  readonly id: string;
  readonly name: string;
  readonly content: ContentPolicy;
  /** Exports that are not signed are refused; absent is false. */
  readonly requireSignature?: boolean;
  /** Nothing is taken for it and nobody reads its policy; absent is false. */
  readonly archived?: boolean;
  /** Of the newest thing that every process of the project is to acknowledge: a switch, its release, a drill. */
  readonly announcedVersion?: number;
  /** See ControlPolicy. */
  readonly maxStalenessSeconds?: number;
  readonly staleMode?: StaleMode;
}

/** The project that keyless loopback ingest and the bootstrap key write to. */
export const DEFAULT_PROJECT_ID = "default";

export function parseProject(entry: SectionEntry): ControlProject {
  const requireSignature = optionalFlagOf(entry, "requireSignature");
  const archived = optionalFlagOf(entry, "archived");
  return {
    id: textOf(entry, "id"),
    name: textOf(entry, "name"),
    content: oneOf(entry, "content", ["redacted", "off"]),
    ...(requireSignature !== undefined && { requireSignature }),
    ...(archived !== undefined && { archived }),
    ...optionalWholeOf(entry, "announcedVersion"),
    ...optionalWholeOf(entry, "maxStalenessSeconds"),
    ...optionalOneOf(entry, "staleMode", STALE_MODES),
  };
}
