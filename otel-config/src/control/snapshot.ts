/**
 * The control snapshot: everything a collector must know, as one versioned JSON document that the
 * console builds from Postgres. Collectors poll it with an ETag and keep the last good copy on disk,
 * so ingest survives a dead console or database (ADR-0001).
 */

export const CONTROL_SNAPSHOT_VERSION = 1;

/** `redacted`: content is stored after redaction. `off`: message content is not stored at all. */
export type ContentPolicy = "redacted" | "off";

export interface ControlProject {
  readonly id: string;
  readonly name: string;
  readonly content: ContentPolicy;
}

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
}

export interface ControlSnapshot {
  readonly formatVersion: typeof CONTROL_SNAPSHOT_VERSION;
  /** Grows with every change; also the ETag. */
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly issuedAt: string;
  readonly projects: readonly ControlProject[];
  readonly keys: readonly ControlKey[];
}

/** The project that keyless loopback ingest and the bootstrap key write to. */
export const DEFAULT_PROJECT_ID = "default";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Parses a snapshot; throws TypeError naming the first field that is wrong. */
export function parseControlSnapshot(value: unknown): ControlSnapshot {
  if (!isRecord(value)) throw new TypeError("control snapshot: not an object");
  if (value["formatVersion"] !== CONTROL_SNAPSHOT_VERSION) {
    throw new TypeError(
      `control snapshot: formatVersion ${String(value["formatVersion"])} is not supported`,
    );
  }
  const version = value["version"];
  if (!Number.isSafeInteger(version) || (version as number) < 0)
    throw new TypeError("control snapshot: version is not a whole number");
  const issuedAt = text(value, "issuedAt");
  const projects = listOf(value["projects"], "projects", parseProject);
  const keys = listOf(value["keys"], "keys", parseKey);
  return {
    formatVersion: CONTROL_SNAPSHOT_VERSION,
    version: version as number,
    issuedAt,
    projects,
    keys,
  };
}

function listOf<T>(
  value: unknown,
  name: string,
  parse: (entry: Record<string, unknown>, at: string) => T,
): T[] {
  if (!Array.isArray(value)) throw new TypeError(`control snapshot: ${name} is not a list`);
  return value.map((entry, index) => {
    if (!isRecord(entry))
      throw new TypeError(`control snapshot: ${name}[${index}] is not an object`);
    return parse(entry, `${name}[${index}]`);
  });
}

function text(entry: Record<string, unknown>, key: string, at?: string): string {
  const value = entry[key];
  if (typeof value !== "string")
    throw new TypeError(
      `control snapshot: ${at === undefined ? key : `${at}.${key}`} is not a string`,
    );
  return value;
}

function texts(entry: Record<string, unknown>, key: string, at: string): string[] {
  const value = entry[key];
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
    throw new TypeError(`control snapshot: ${at}.${key} is not a list of strings`);
  }
  return value as string[];
}

function parseProject(entry: Record<string, unknown>, at: string): ControlProject {
  const content = text(entry, "content", at);
  if (content !== "redacted" && content !== "off") {
    throw new TypeError(`control snapshot: ${at}.content is "${content}", not "redacted" or "off"`);
  }
  return { id: text(entry, "id", at), name: text(entry, "name", at), content };
}

const SHA256 = /^[0-9a-f]{64}$/;

const KEY_SCOPES: ReadonlySet<string> = new Set(["ingest", "read", "control"]);

function parseKey(entry: Record<string, unknown>, at: string): ControlKey {
  const scopes = texts(entry, "scopes", at);
  const unknown = scopes.find((scope) => !KEY_SCOPES.has(scope));
  if (unknown !== undefined)
    throw new TypeError(`control snapshot: ${at}.scopes has unknown "${unknown}"`);
  const sha256 = text(entry, "sha256", at);
  if (!SHA256.test(sha256))
    throw new TypeError(`control snapshot: ${at}.sha256 is not a SHA-256 in lower-case hex`);
  const { revoked } = entry;
  // Never read as "not revoked": a key must not come back because a field got lost.
  if (typeof revoked !== "boolean")
    throw new TypeError(`control snapshot: ${at}.revoked is not true or false`);
  return {
    id: text(entry, "id", at),
    sha256,
    projectId: text(entry, "projectId", at),
    scopes: scopes as KeyScope[],
    origins: texts(entry, "origins", at),
    revoked,
  };
}
