import { createHash } from "node:crypto";
import { isFields } from "../control/section-fields.ts";
import { AUDIT_HEAD_PAYLOAD_TYPE, openEnvelope } from "../signing/envelope.ts";
import { AUDIT_EXPORT_TYPE, hashOfEntry } from "./audit-export.ts";
import type { AuditExportEntry, AuditExportHeader, AuditHead } from "./audit-export.ts";
import { FIRST_PREVIOUS_HASH } from "./entry-hash.ts";

/** What holds of an export that nothing is wrong with. */
export interface VerifiedExport {
  readonly head: AuditHead;
  /** Of the console that signed. */
  readonly keyId: string;
  readonly firstSequence: number | undefined;
  readonly lastSequence: number | undefined;
  /** Entries of others that lie between those of the project or organisation; nothing is known of them. */
  readonly skipped: number;
}

/** What is wrong with an export: names the line and, where it is one's, the entry. */
export class BadAuditExport extends Error {
  override readonly name = "BadAuditExport";
}

const isHash = (value: unknown): boolean =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** What is wrong with an entry, each undefined when nothing is. */

function formProblem({ sequence, hash, previousHash }: AuditExportEntry): string | undefined {
  if (!Number.isSafeInteger(sequence) || sequence < 1) return "its sequence is not a number";
  return isHash(hash) && isHash(previousHash) ? undefined : `entry ${sequence} lacks a hash`;
}

function placeProblem(
  { sequence }: AuditExportEntry,
  { expected, mayHaveGaps }: { expected: number; mayHaveGaps: boolean },
): string | undefined {
  if (sequence < expected) return `entry ${sequence} comes after entry ${expected - 1}`;
  if (sequence === expected || mayHaveGaps) return undefined;
  return `entry ${expected} is missing; entry ${sequence} follows`;
}

function hashProblem(entry: AuditExportEntry): string | undefined {
  if (entry.hash === hashOfEntry(entry)) return undefined;
  return `entry ${entry.sequence} is not what was written: its hash does not fit`;
}

function linkProblem(
  { sequence, previousHash }: AuditExportEntry,
  before: AuditExportEntry | undefined,
): string | undefined {
  if (previousHash === (before?.hash ?? FIRST_PREVIOUS_HASH.toString("hex"))) return undefined;
  return `entry ${sequence} does not follow the entry before it: their hashes differ`;
}

function projectProblem(entry: AuditExportEntry, projectId: string | null): string | undefined {
  if (projectId === null || entry.projectId === projectId) return undefined;
  return `entry ${entry.sequence} is of another project`;
}

const isWholeLog = (header: AuditExportHeader | undefined): boolean =>
  header?.projectId === null && header.organizationId === undefined;

/**
 * Checks an export line by line, without ever holding more than one: every entry against its hash, each against the
 * one before it, all against the signed head. Both functions throw BadAuditExport at the first thing that is wrong.
 */
export class AuditExportVerifier {
  readonly #keyId: string | undefined;
  readonly #content = createHash("sha256");
  #lineNumber = 0;
  #header: AuditExportHeader | undefined;
  #entries = 0;
  #first: number | undefined;
  #last: AuditExportEntry | undefined;
  #skipped = 0;
  #signed: { readonly head: AuditHead; readonly keyId: string } | undefined;

  /** With a `keyId`, only a head that this key has signed counts. */
  constructor(keyId?: string) {
    this.#keyId = keyId;
  }

  /** The next line, without its end. */
  line(text: string): void {
    this.#lineNumber += 1;
    if (this.#signed !== undefined) this.#fail("there is something behind the signed head");
    const value = this.#parsed(text);
    if ("payloadType" in value) {
      this.#signed = this.#open(text);
      return;
    }
    this.#content.update(`${text}\n`);
    if (this.#header === undefined) this.#takeHeader(value);
    else this.#takeEntry(value);
  }

  /** After the last line. */
  end(): VerifiedExport {
    const header = this.#header;
    if (header === undefined) throw new BadAuditExport("the file is empty");
    if (this.#signed === undefined) {
      const last = this.#last === undefined ? "the header" : `entry ${this.#last.sequence}`;
      throw new BadAuditExport(`the signed head is missing: the file was cut after ${last}`);
    }
    const { head, keyId } = this.#signed;
    this.#checkHead(header, head);
    return {
      head,
      keyId,
      firstSequence: this.#first,
      lastSequence: this.#last?.sequence,
      skipped: this.#skipped,
    };
  }

  #takeHeader(value: Readonly<Record<string, unknown>>): void {
    if (value["type"] !== AUDIT_EXPORT_TYPE) this.#fail("it is no export of an audit log");
    if (value["formatVersion"] !== 1)
      this.#fail(`format version ${String(value["formatVersion"])} is not known here`);
    this.#header = value as unknown as AuditExportHeader;
  }

  #takeEntry(value: Readonly<Record<string, unknown>>): void {
    const entry = value as unknown as AuditExportEntry;
    const { sequence } = entry;
    const expected = (this.#last?.sequence ?? 0) + 1;
    const { projectId = null } = this.#header ?? {};
    const mayHaveGaps = !isWholeLog(this.#header);
    const problem =
      formProblem(entry) ??
      placeProblem(entry, { expected, mayHaveGaps }) ??
      hashProblem(entry) ??
      (sequence === expected ? linkProblem(entry, this.#last) : undefined) ??
      projectProblem(entry, projectId);
    if (problem !== undefined) this.#fail(problem);
    this.#skipped += sequence - expected;
    this.#first ??= sequence;
    this.#last = entry;
    this.#entries += 1;
  }

  #checkHead(header: AuditExportHeader, head: AuditHead): void {
    const last = this.#last;
    const isOfAnother =
      head.projectId !== header.projectId || head.organizationId !== header.organizationId;
    if (isOfAnother || head.exportedAt !== header.exportedAt)
      throw new BadAuditExport("the signed head is that of another export");
    if (head.entries !== this.#entries)
      throw new BadAuditExport(
        `${head.entries} entries were signed, and ${this.#entries} are here`,
      );
    if (head.contentSha256 !== this.#content.digest("hex"))
      throw new BadAuditExport("the lines are not those that were signed");
    if (isWholeLog(header) && (last?.hash ?? FIRST_PREVIOUS_HASH.toString("hex")) !== head.headHash)
      throw new BadAuditExport("the last entry is not the head that was signed");
  }

  #open(text: string): { head: AuditHead; keyId: string } {
    try {
      const expected = { payloadType: AUDIT_HEAD_PAYLOAD_TYPE, keyId: this.#keyId };
      const { payload, keyId } = openEnvelope(text, expected);
      return { head: JSON.parse(payload) as AuditHead, keyId };
    } catch (error) {
      return this.#fail(`the signed head: ${(error as Error).message}`);
    }
  }

  #parsed(text: string): Readonly<Record<string, unknown>> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#fail("it is not JSON");
    }
    return isFields(value) ? value : this.#fail("it is not an object");
  }

  #fail(problem: string): never {
    throw new BadAuditExport(`line ${this.#lineNumber}: ${problem}`);
  }
}
