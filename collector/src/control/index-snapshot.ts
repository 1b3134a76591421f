import { createHash, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";
import type { ControlKey } from "@lensai/otel-config/control/keys";
import type { ContentPolicy, ControlProject } from "@lensai/otel-config/control/projects";
import type { ControlSigningSecret } from "@lensai/otel-config/control/signing-secrets";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";

/** A control snapshot in the form that admission asks: by key hash, by project, by origin. */
export interface ControlIndex {
  readonly version: number;
  /** What it was made from; undefined while nothing but what is built in is known. */
  readonly snapshot: ControlSnapshot | undefined;
  readonly keysBySha256: ReadonlyMap<string, ControlKey>;
  /** By the `keyid` of signatures. */
  readonly signingSecretsById: ReadonlyMap<string, SigningSecret>;
  readonly projectsById: ReadonlyMap<string, ControlProject>;
  /** Origins that some browser key may be used from. */
  readonly origins: ReadonlySet<string>;
}

export interface SigningSecret {
  readonly id: string;
  readonly projectId: string;
  /** An object that prints as nothing: a secret that cannot reach a log by accident. */
  readonly key: KeyObject;
  /** Unix time in milliseconds from which on its signatures are refused; Infinity: never. */
  readonly expiresAtMs: number;
}

export interface BuiltInControl {
  /** Accepted for the default project unless the snapshot says something else about it. */
  readonly bootstrapKey: string | undefined;
  /** Content policy of the default project while no snapshot names that project. */
  readonly content: ContentPolicy;
}

/** Id of the bootstrap key on rows while no snapshot lists it. */
export const BOOTSTRAP_KEY_ID = "bootstrap";

/**
 * Indexes a snapshot and completes it with the default project and the bootstrap key, so that a collector
 * without a console works. What the snapshot says, a revocation included, wins.
 */
export function indexSnapshot(
  snapshot: ControlSnapshot | undefined,
  builtIn: BuiltInControl,
): ControlIndex {
  const projectsById = new Map<string, ControlProject>([
    [DEFAULT_PROJECT_ID, { id: DEFAULT_PROJECT_ID, name: "Default", content: builtIn.content }],
  ]);
  for (const project of snapshot?.projects ?? []) projectsById.set(project.id, project);
  const keysBySha256 = new Map<string, ControlKey>();
  if (builtIn.bootstrapKey !== undefined) {
    const key = bootstrapKey(builtIn.bootstrapKey);
    keysBySha256.set(key.sha256, key);
  }
  for (const key of snapshot?.keys ?? []) keysBySha256.set(key.sha256, key);
  const usable = [...keysBySha256.values()].filter((key) => !key.revoked);
  const origins = new Set(usable.flatMap((key) => key.origins));
  const signingSecretsById = new Map(
    snapshot?.signingSecrets?.map((secret) => [secret.id, signingSecret(secret)]),
  );
  const version = snapshot?.version ?? 0;
  return { version, snapshot, keysBySha256, signingSecretsById, projectsById, origins };
}

const signingSecret = (secret: ControlSigningSecret): SigningSecret => ({
  id: secret.id,
  projectId: secret.projectId,
  key: createSecretKey(secret.secret, "base64url"),
  expiresAtMs: expiryMs(secret.expiresAt),
});

/** The time of an `expiresAt`, which may be absent. */
export function expiryMs(expiresAt: string | undefined): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt);
}

const bootstrapKey = (key: string): ControlKey => ({
  id: BOOTSTRAP_KEY_ID,
  sha256: sha256Hex(key),
  projectId: DEFAULT_PROJECT_ID,
  scopes: ["ingest"],
  origins: [],
  revoked: false,
});

/** Lower-case hex SHA-256 of a key: the only form in which keys are stored or compared. */
export function sha256Hex(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
