import { LensError } from "@lensai/otel-config/errors";
import { parseLakeKey } from "./layout.ts";
import type { FileKind } from "./layout.ts";
import { millisFromIsoMicros } from "./micros.ts";

/** One file of the lake, as the commit that added it describes it. */
export interface ManifestFile {
  readonly key: string;
  readonly kind: FileKind;
  /** Of the whole object, lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly rows: number;
  /** Earliest and latest start_time of its rows: ISO 8601 UTC with microseconds. */
  readonly minStartTime: string;
  readonly maxStartTime: string;
  /** Every project that has a row in it, in ascending order. */
  readonly projects: readonly string[];
  /** SPAN_ROW_VERSION of its columns. */
  readonly rowVersion: number;
}

/**
 * One change of the lake. Files count from the moment their commit exists, all at once, and no longer once
 * any commit removes them. A removed key never comes back: rewritten rows get files with names of their own.
 */
export interface ManifestCommit {
  readonly formatVersion: 1;
  /** The landing's name; a second commit of the same name says the same thing again. */
  readonly name: string;
  /** ISO 8601 UTC. */
  readonly committedAt: string;
  readonly region: string;
  readonly add: readonly ManifestFile[];
  readonly remove: readonly string[];
}

/** Does it only put the same rows into other files, or let some count no longer? Then it has no news. */
export function isSwap(commit: ManifestCommit): boolean {
  return commit.remove.length > 0;
}

const FORMAT_VERSION = 1;
/** A commit has three files per day at most; a compaction may remove thousands, a checkpoint names all. Far above. */
export const MAX_MANIFEST_BYTES = 64 << 20;

/** The commit as JSON, with what else is to be in it: the same commit gives the same bytes. */
export function serialiseManifest(commit: ManifestCommit, more: object = {}): Uint8Array {
  const { name, committedAt, region, remove } = commit;
  const add = commit.add.map((file) => orderedFile(file));
  const ordered = {
    formatVersion: FORMAT_VERSION,
    name,
    committedAt,
    region,
    add,
    remove,
    ...more,
  };
  return new TextEncoder().encode(`${JSON.stringify(ordered, undefined, 1)}\n`);
}

/** With its fields in one order and no others: the same file gives the same JSON. */
export function orderedFile(file: ManifestFile): ManifestFile {
  return {
    key: file.key,
    kind: file.kind,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    rows: file.rows,
    minStartTime: file.minStartTime,
    maxStartTime: file.maxStartTime,
    projects: file.projects,
    rowVersion: file.rowVersion,
  };
}

/**
 * Reads a commit. Fields it does not know are ignored. Throws `lake.file_corrupt`, with the first fault,
 * for anything that is not a whole commit in a version this program understands.
 */
export function parseManifest(body: Uint8Array, key: string): ManifestCommit {
  const fault = (what: string): LensError =>
    new LensError("lake.file_corrupt", `manifest ${key} is not usable: ${what}`);
  if (body.length > MAX_MANIFEST_BYTES) throw fault(`it has ${body.length} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw fault("it is not complete JSON");
  }
  const wrong = faultOfCommit(document);
  if (wrong !== undefined) throw fault(wrong);
  return document as ManifestCommit;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isMicrosText: Check = (value) =>
  typeof value === "string" && millisFromIsoMicros(value) !== undefined;
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const COMMIT_CHECKS: Readonly<Record<string, Check>> = {
  name: isText,
  committedAt: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  region: isText,
  add: Array.isArray,
  remove: isListOf(isText),
};

const FILE_CHECKS: Readonly<Record<string, Check>> = {
  key: isText,
  kind: (value) => value === "spans" || value === "content" || value === "corrections",
  sha256: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
  sizeBytes: isCount,
  rows: isCount,
  minStartTime: isMicrosText,
  maxStartTime: isMicrosText,
  projects: isListOf(isText),
  rowVersion: isCount,
};

function faultOfCommit(document: unknown): string | undefined {
  if (typeof document !== "object" || document === null) return "it is not an object";
  const { formatVersion } = document as { formatVersion?: unknown };
  if (formatVersion !== FORMAT_VERSION) {
    return `its format version is ${String(formatVersion)}, this program reads ${FORMAT_VERSION}`;
  }
  const fault = faultOfFields(document, COMMIT_CHECKS);
  if (fault !== undefined) return fault;
  const { add, region } = document as ManifestCommit;
  for (const file of add) {
    const wrong = faultOfFile(file, region);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function faultOfFile(file: unknown, region: string): string | undefined {
  if (typeof file !== "object" || file === null) return "a file is not an object";
  const fault = faultOfFields(file, FILE_CHECKS);
  if (fault !== undefined) return fault;
  const { key, kind } = file as ManifestFile;
  const parsed = parseLakeKey(key);
  return parsed?.kind === kind && parsed.region === region
    ? undefined
    : `${key} is not a key of ${kind} in region ${region}`;
}

function faultOfFields(value: object, checks: Readonly<Record<string, Check>>): string | undefined {
  const fields = value as Readonly<Record<string, unknown>>;
  const wrong = Object.keys(checks).find((name) => checks[name]?.(fields[name]) !== true);
  return wrong === undefined ? undefined : `"${wrong}" is missing or wrong`;
}
