import { createHash } from "node:crypto";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import { apiKeys } from "../../db/schema/api-keys.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface CreateApiKeyInput {
  readonly projectId: string;
  readonly scopes: readonly KeyScope[];
  readonly origins?: readonly string[];
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

/** Creates a key; only its hash is stored. The project must exist. */
export async function createApiKey(
  context: ServiceContext,
  input: CreateApiKeyInput,
): Promise<CreatedApiKey> {
  const key = `${KEY_PREFIX}${base64url(context.randomBytes(KEY_RANDOM_BYTES))}`;
  const row = keyRow({
    ...input,
    id: `key_${base64url(context.randomBytes(ID_RANDOM_BYTES))}`,
    key,
    prefix: key.slice(0, PREFIX_SHOWN_LENGTH),
    createdAt: context.now(),
  });
  await context.db.transaction(async (transaction) => {
    await transaction.insert(apiKeys).values(row);
    await raiseControlVersion(transaction, row.createdAt);
  });
  return { id: row.id, key };
}

interface KeyFacts extends CreateApiKeyInput {
  readonly id: string;
  readonly key: string;
  /** What may be shown of the key's beginning: nothing of a key that a person chose. */
  readonly prefix: string;
  readonly createdAt: Date;
}

/** The stored form of a key. */
export function keyRow(facts: KeyFacts): typeof apiKeys.$inferInsert & { createdAt: Date } {
  const { id, key, prefix, projectId, scopes, origins = [], createdAt } = facts;
  return {
    id,
    projectId,
    prefix,
    last4: key.slice(-4),
    sha256: createHash("sha256").update(key).digest(),
    scopes: [...scopes],
    origins: [...origins],
    createdAt,
  };
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
