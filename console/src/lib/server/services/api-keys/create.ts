import { createHash } from "node:crypto";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion, type Transaction } from "../snapshot/raise-version.ts";

export interface CreateApiKeyInput {
  readonly projectId: string;
  readonly scopes: readonly KeyScope[];
  readonly name?: string | undefined;
  readonly origins?: readonly string[] | undefined;
  /** Absent: never. */
  readonly expiresInDays?: number | undefined;
}

export interface CreatedApiKey {
  readonly id: string;
  /** The key itself: exists only in this answer. */
  readonly key: string;
}

/** 192 bits: not guessable, and 32 characters in base64url. */
const KEY_RANDOM_BYTES = 24;
const ID_RANDOM_BYTES = 9;
/** Secret scanners recognise a key by a fixed prefix. */
const KEY_PREFIX = "lensai_";
const PREFIX_SHOWN_LENGTH = KEY_PREFIX.length + 4;
const DAY_MS = 86_400_000;

/** Creates a key; only its hash is stored. The project must exist. */
export async function createApiKey(
  context: ServiceContext,
  input: CreateApiKeyInput,
  actor: string,
): Promise<CreatedApiKey> {
  const createdAt = context.now();
  const { expiresInDays, ...facts } = input;
  const expiresAt =
    expiresInDays === undefined ? null : new Date(createdAt.getTime() + expiresInDays * DAY_MS);
  return context.db.transaction(async (transaction) => {
    const created = await insertNewKey(context, transaction, {
      ...facts,
      createdAt,
      createdBy: actor,
      expiresAt,
    });
    await raiseControlVersion(transaction, createdAt);
    return created;
  });
}

interface StoredFacts {
  readonly projectId: string;
  readonly scopes: readonly KeyScope[];
  readonly name?: string | undefined;
  readonly origins?: readonly string[] | undefined;
  readonly createdAt: Date;
  /** An actor of the audit log. */
  readonly createdBy: string;
  readonly expiresAt: Date | null;
}

/** Makes a key up, stores its hash and writes the audit log; raising the version is left to the caller. */
export async function insertNewKey(
  context: ServiceContext,
  transaction: Transaction,
  facts: StoredFacts,
): Promise<CreatedApiKey> {
  const key = `${KEY_PREFIX}${base64url(context.randomBytes(KEY_RANDOM_BYTES))}`;
  const id = `key_${base64url(context.randomBytes(ID_RANDOM_BYTES))}`;
  const row = keyRow({ ...facts, id, key, prefix: key.slice(0, PREFIX_SHOWN_LENGTH) });
  await transaction.insert(apiKeys).values(row);
  await appendAudit(transaction, keyCreation(row));
  return { id, key };
}

interface KeyFacts extends StoredFacts {
  readonly id: string;
  readonly key: string;
  /** What may be shown of the key's beginning: nothing of a key that a person chose. */
  readonly prefix: string;
}

type KeyRow = typeof apiKeys.$inferInsert & { createdAt: Date; createdBy: string };

/** The stored form of a key. */
export function keyRow(facts: KeyFacts): KeyRow {
  const { key, scopes, origins = [], name = "", ...rest } = facts;
  return {
    ...rest,
    name,
    last4: key.slice(-4),
    sha256: createHash("sha256").update(key).digest(),
    scopes: [...scopes],
    origins: [...origins],
  };
}

/** What the audit log has of a new key: nothing of the key itself. */
export function keyCreation(row: KeyRow): Parameters<typeof appendAudit>[1] {
  const { id, projectId, createdAt, createdBy, name, scopes, origins, expiresAt } = row;
  return {
    at: createdAt,
    actor: createdBy,
    action: "api_key.create",
    projectId,
    subjectId: id,
    after: { name, scopes, origins, expiresAt: expiresAt?.toISOString() },
  };
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
