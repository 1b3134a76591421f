import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import { eq, lt, sql } from "drizzle-orm";
import { idempotentAnswers } from "../db/schema/idempotent-answers.ts";
import type { ServiceContext } from "../services/context.ts";
import type { Transaction } from "../services/snapshot/raise-version.ts";
import type { WireAnswer } from "./answer.ts";
import { invalid } from "./read-input.ts";

/** A request that may be sent again without being done again (draft-ietf-httpapi-idempotency-key-header). */
export interface IdempotentRequest {
  readonly key: string;
  /** What only the caller knows: without it nobody reads the kept answer, whoever reads the database. */
  readonly credential: string;
  /** Method, path and body: a key is good for one request. */
  readonly fingerprint: string;
}

/** A client that has not come back within a day has given up. */
const KEPT_HOURS = 24;
/** Expired answers that one request clears away. */
const CLEARED_MAX = 100;
/** Shorter keys are counters that two clients share. */
const KEY = /^[\x21\x23-\x7e]{16,128}$/;

/** The key of a request, with or without the quotes that the draft wants; undefined when there is none. */
export function idempotencyKeyOf(header: string | null): string | undefined {
  if (header === null) return undefined;
  const key = header.trim().replace(/^"(.*)"$/, "$1");
  if (KEY.test(key)) return key;
  throw invalid([
    {
      in: "header",
      pointer: "/Idempotency-Key",
      detail: "must have 16 to 128 visible ASCII characters: a UUID, say",
    },
  ]);
}

/**
 * Does the work once per key: the change and its answer are kept in one transaction, and a repeat gets the same
 * answer. Refusals are not kept, because they changed nothing. Throws `api.idempotency_key_reused` for another
 * request with the same key and `api.request_in_progress` while the first one runs.
 */
export async function doOnce(
  context: ServiceContext,
  request: IdempotentRequest,
  work: (services: ServiceContext) => Promise<WireAnswer>,
): Promise<WireAnswer> {
  const id = sha256(`${request.credential}\n${request.key}`);
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    await claim(transaction, id);
    await clearExpired(transaction, now);
    const [known] = await transaction
      .select()
      .from(idempotentAnswers)
      .where(eq(idempotentAnswers.id, id));
    const requestHash = sha256(request.fingerprint);
    if (known !== undefined) {
      if (known.requestHash.equals(requestHash)) return unseal(request, known.sealed);
      throw new LensError(
        "api.idempotency_key_reused",
        "this Idempotency-Key came with another request before: give every request a key of its own",
      );
    }
    const answer = await work({ ...context, db: transaction });
    const expiresAt = new Date(now.getTime() + KEPT_HOURS * 3_600_000);
    const sealed = seal(request, answer, context.randomBytes(NONCE_BYTES));
    await transaction
      .insert(idempotentAnswers)
      .values({ id, requestHash, sealed, createdAt: now, expiresAt });
    return answer;
  });
}

/** One request per key at a time, on however many consoles; the lock ends with the transaction. */
async function claim(transaction: Transaction, id: Buffer): Promise<void> {
  const lock = id.readBigInt64BE(0);
  const [row] = await transaction.execute<{ claimed: boolean }>(
    sql`select pg_try_advisory_xact_lock(${lock.toString()}::bigint) as claimed`,
  );
  if (row?.claimed === true) return;
  throw new LensError(
    "api.request_in_progress",
    "a request with this Idempotency-Key is being worked on: ask again in a moment",
    { retryable: true, retryAfterSeconds: 1 },
  );
}

async function clearExpired(transaction: Transaction, now: Date): Promise<void> {
  const expired = transaction
    .select({ id: idempotentAnswers.id })
    .from(idempotentAnswers)
    .where(lt(idempotentAnswers.expiresAt, now))
    .limit(CLEARED_MAX)
    // Two requests clear away different ones, and none waits for the other.
    .for("update", { skipLocked: true });
  await transaction.delete(idempotentAnswers).where(sql`${idempotentAnswers.id} in ${expired}`);
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** An answer can hold a key that is shown once: only who sent the request can open what is kept of it. */
function seal(request: IdempotentRequest, answer: WireAnswer, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv("aes-256-gcm", sealingKey(request), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

function unseal(request: IdempotentRequest, sealed: Buffer): WireAnswer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", sealingKey(request), nonce);
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
  return JSON.parse(
    Buffer.concat([decipher.update(text), decipher.final()]).toString(),
  ) as WireAnswer;
}

const sealingKey = ({ credential, key }: IdempotentRequest): Buffer =>
  Buffer.from(hkdfSync("sha256", credential, key, "lensai idempotent answer", 32));

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
