import { flagOf, optionalTimeOf, refuse, textOf, textsOf } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

export type KeyScope = "ingest" | "read" | "control";

export interface ControlKey {
  readonly id: string;
  /** Lower-case hex SHA-256 of the key; the key itself is shown once and never stored. */
  readonly sha256: string;
  readonly projectId: string;
  readonly scopes: readonly KeyScope[];
  /** Non-empty only for browser keys: the origins that may use it. */
  readonly origins: readonly string[];
  readonly revoked: boolean;
  /** ISO 8601, UTC: from then on the key is refused as a revoked one is. */
  readonly expiresAt?: string;
}

const SHA256 = /^[0-9a-f]{64}$/;

const KEY_SCOPES: ReadonlySet<string> = new Set(["ingest", "read", "control"]);

export function parseKey(entry: SectionEntry): ControlKey {
  const { at } = entry;
  const scopes = textsOf(entry, "scopes");
  const unknown = scopes.find((scope) => !KEY_SCOPES.has(scope));
  if (unknown !== undefined) refuse(`${at}.scopes has unknown "${unknown}"`);
  const sha256 = textOf(entry, "sha256");
  if (!SHA256.test(sha256)) refuse(`${at}.sha256 is not a SHA-256 in lower-case hex`);
  const expiresAt = optionalTimeOf(entry, "expiresAt");
  return {
    id: textOf(entry, "id"),
    sha256,
    projectId: textOf(entry, "projectId"),
    scopes: scopes as readonly KeyScope[],
    origins: textsOf(entry, "origins"),
    // Never read as "not revoked": a key must not come back because a field got lost.
    revoked: flagOf(entry, "revoked"),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
