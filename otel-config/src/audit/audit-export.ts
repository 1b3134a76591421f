import { createHash } from "node:crypto";
import type { SigningKeyPair } from "../signing/ed25519.ts";
import { AUDIT_HEAD_PAYLOAD_TYPE, seal } from "../signing/envelope.ts";
import { entryHash } from "./entry-hash.ts";
import type { AuditFields } from "./entry-hash.ts";

/** Whose entries an export has. */
export interface AuditExtent {
  /** Null: not those of one project. */
  readonly projectId: string | null;
  /** All of an organisation: of its members and each of its projects. Absent with a project, and for the whole log. */
  readonly organizationId?: string;
}

/**
 * An export of the audit log: NDJSON. The first line says what it is, each further one is an entry, in order, and
 * the last is the signed head (a DSSE envelope). The export of a project or an organisation has its entries alone; those
 * of others lie between them, so that its sequences have gaps.
 */
export interface AuditExportHeader extends AuditExtent {
  readonly type: typeof AUDIT_EXPORT_TYPE;
  readonly formatVersion: 1;
  /** ISO 8601, UTC. */
  readonly exportedAt: string;
}

export const AUDIT_EXPORT_TYPE = "lensai.audit_export";

export interface AuditExportEntry extends AuditFields {
  /** 1, 2, 3, ... without gaps, over the whole log. */
  readonly sequence: number;
  /** Lower-case hex. */
  readonly previousHash: string;
  readonly hash: string;
}

/** What the console signs. */
export interface AuditHead extends AuditExtent {
  readonly exportedAt: string;
  /** Entries in this export. */
  readonly entries: number;
  /** The newest entry of the whole log when it was made; sequence 0 when there was none. */
  readonly headSequence: number;
  readonly headHash: string;
  /** SHA-256 of all lines before the head, in lower-case hex. */
  readonly contentSha256: string;
}

/** Makes the lines of an export, each with its line end; call `head` last. */
export class AuditExportWriter {
  readonly #header: AuditExportHeader;
  readonly #content = createHash("sha256");
  #entries = 0;

  constructor(extent: AuditExtent, exportedAt: Date) {
    this.#header = {
      type: AUDIT_EXPORT_TYPE,
      formatVersion: 1,
      ...extent,
      exportedAt: exportedAt.toISOString(),
    };
  }

  header(): string {
    return this.#line(this.#header);
  }

  entry(entry: AuditExportEntry): string {
    this.#entries += 1;
    return this.#line(entry);
  }

  head(head: Pick<AuditHead, "headSequence" | "headHash">, key: SigningKeyPair): string {
    const { type: _, formatVersion: __, ...described } = this.#header;
    const contentSha256 = this.#content.digest("hex");
    const document: AuditHead = {
      ...described,
      entries: this.#entries,
      ...head,
      contentSha256,
    };
    return `${seal(AUDIT_HEAD_PAYLOAD_TYPE, JSON.stringify(document), key)}\n`;
  }

  #line(value: object): string {
    const line = `${JSON.stringify(value)}\n`;
    this.#content.update(line);
    return line;
  }
}

/** What an entry's hash should be. */
export function hashOfEntry(entry: AuditExportEntry): string {
  return entryHash(entry.sequence, entry, Buffer.from(entry.previousHash, "hex")).toString("hex");
}
