import { LensError } from "@lensai/otel-config/errors";
import type { Sender } from "../admission/authenticate.ts";
import type { Authenticator } from "../admission/authenticate.ts";
import { reserve } from "../admission/byte-budget.ts";
import type { ByteBudget, ByteReservation } from "../admission/byte-budget.ts";
import type { RateLimiter } from "../admission/rate-limit.ts";
import type { ReplayGuard } from "../admission/replay-guard.ts";
import { requireDigest } from "../admission/request-signature.ts";
import type { Ingest, IngestResult, Signal } from "../pipeline/ingest.ts";
import type { Telemetry } from "../telemetry.ts";
import type { Gate } from "./gate.ts";
import { inflateInPool, inflateNow, isForPool } from "./inflate.ts";
import type { ContentEncoding } from "./inflate.ts";
import { transcodeJson } from "./json-to-protobuf.ts";
import type { LoopTurns } from "./loop-turns.ts";
import { releaseMemory } from "./release-memory.ts";

/** What is known of the storage before a request is read. */
export interface Storage {
  /** False when a request had better wait a moment before anything is spent on it. */
  hasRoom(): boolean;
  /** Throws LensError `ingest.storage_behind` when a request that arrives now would be refused at the end. */
  refuseWhileBehind(): void;
}

/** What both transports need to serve an export. */
export interface ReceiverParts {
  readonly ingest: Ingest;
  readonly storage: Storage;
  readonly authenticator: Authenticator;
  readonly replayGuard: ReplayGuard;
  readonly rateLimiter: RateLimiter;
  readonly budget: ByteBudget;
  readonly turns: LoopTurns;
  /** Of large bodies. */
  readonly inflates: Gate;
  readonly telemetry: Telemetry;
  readonly nowMs: () => number;
  /** Largest body in bytes, as received and after decompression. */
  readonly sizeBytesMax: number;
  /** From the headers of a request until its last byte. */
  readonly bodyTimeoutMs: number;
  /** True from the moment a stop was asked for: nothing new is accepted. */
  readonly isDraining: () => boolean;
}

/** One export as a transport read it. */
export interface Export {
  readonly signal: Signal;
  readonly sender: Sender;
  readonly wire: Uint8Array;
  readonly wireEncoding: ContentEncoding;
  readonly isJson: boolean;
}

/**
 * Checks the signature's body and nonce, if there is one, then inflates, transcodes and ingests one export;
 * resolves when its records are durable. `reservation` already holds the wire bytes and grows by the
 * inflated ones; the caller releases it. Throws LensError.
 */
export async function acceptExport(
  parts: ReceiverParts,
  received: Export,
  reservation: ByteReservation,
): Promise<IngestResult> {
  const { signature } = received.sender;
  if (signature !== undefined) {
    await parts.turns.run(() => {
      requireDigest(signature, received.wire);
      return parts.replayGuard.takeOnce(signature);
    });
  }
  return await parts.turns.run(() => inflateAndIngest(parts, received, reservation));
}

async function inflateAndIngest(
  parts: ReceiverParts,
  received: Export,
  reservation: ByteReservation,
): Promise<IngestResult> {
  parts.storage.refuseWhileBehind();
  const inflated = inflate(parts, received, reservation);
  // Without a pause where there is nothing to wait for: what comes after one is not counted as work of this turn.
  const plain = inflated instanceof Promise ? await inflated : inflated;
  if (plain === received.wire) return await ingestPlain(parts, received, plain);
  try {
    return await ingestPlain(parts, received, plain);
  } finally {
    releaseMemory(plain);
  }
}

/**
 * The body of an export, which is its wire where that is not compressed; large ones are inflated in the thread pool. Adds
 * it to the reservation. Throws LensError.
 */
export function inflate(
  { sizeBytesMax, inflates }: ReceiverParts,
  { wire, wireEncoding }: Pick<Export, "wire" | "wireEncoding">,
  reservation: ByteReservation,
): Uint8Array | Promise<Uint8Array> {
  if (!isForPool(wire, wireEncoding)) {
    const plain = inflateNow(wire, wireEncoding, sizeBytesMax);
    return plain === wire ? wire : reserved(plain, reservation);
  }
  return inflates.run(async () =>
    reserved(await inflateInPool(wire, wireEncoding, sizeBytesMax), reservation),
  );
}

function reserved(plain: Uint8Array, reservation: ByteReservation): Uint8Array {
  try {
    reserve(reservation, plain.length);
    return plain;
  } catch (error) {
    releaseMemory(plain);
    throw error;
  }
}

async function ingestPlain(
  parts: ReceiverParts,
  received: Export,
  plain: Uint8Array,
): Promise<IngestResult> {
  const { signal, sender, wire, wireEncoding, isJson } = received;
  const { body, hints } = isJson
    ? transcodeJson(signal, plain, parts.sizeBytesMax)
    : { body: plain, hints: [] };
  const result = await parts.ingest.ingest({
    signal,
    body,
    wire,
    wireEncoding,
    wireIsBody: !isJson,
    projectId: sender.projectId,
    apiKeyId: sender.apiKeyId,
    content: sender.content,
    receivedAtMs: parts.nowMs(),
    hints,
  });
  parts.rateLimiter.charge(sender.projectId, result.accepted + result.rejected);
  parts.telemetry.countIngest({
    signal,
    wireBytes: wire.length,
    bodyBytes: body.length,
    accepted: result.accepted,
    rejected: result.rejected,
  });
  return result;
}

/** Throws LensError `ingest.shutting_down` once a stop was asked for. */
export function refuseWhileDraining(parts: ReceiverParts): void {
  if (!parts.isDraining()) return;
  throw new LensError("ingest.shutting_down", "the collector is stopping; send again in a moment", {
    retryable: true,
    retryAfterSeconds: 1,
  });
}
