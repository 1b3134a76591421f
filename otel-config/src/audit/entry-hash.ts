import { createHash } from "node:crypto";

/** An entry of the audit log, without its place in the chain. Never holds a secret. */
export interface AuditFields {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: string;
  /** `noun.verb`. */
  readonly action: string;
  readonly projectId: string | null;
  readonly subjectId: string;
  /** JSON values; null where there was nothing before, or is nothing after. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Before the first entry. */
export const FIRST_PREVIOUS_HASH = Buffer.alloc(32);

/**
 * SHA-256 over the hash of the previous entry and the canonical JSON of this one. Whoever has the entries can
 * compute it again; a change of any of them changes every hash behind it.
 */
export function entryHash(sequence: number, fields: AuditFields, previousHash: Uint8Array): Buffer {
  const { at, actor, action, projectId, subjectId, before, after } = fields;
  const entry = { sequence, at, actor, action, projectId, subjectId, before, after };
  return createHash("sha256").update(previousHash).update(canonicalJson(entry)).digest();
}

/**
 * JSON with sorted members and no spaces (as RFC 8785 has it for what occurs here): a database may give the
 * members of an object back in another order.
 */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
