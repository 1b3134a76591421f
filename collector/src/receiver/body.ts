import type { IncomingMessage } from "node:http";
import { LensError } from "@lensai/otel-config/errors";
import { reserve } from "../admission/byte-budget.ts";
import type { ByteReservation } from "../admission/byte-budget.ts";
import { releaseMemory } from "./release-memory.ts";

export interface BodyLimits {
  readonly sizeBytesMax: number;
  /** From the call until the last byte. */
  readonly timeoutMs: number;
}

/**
 * Reads a whole request body, with or without Content-Length. Bytes are reserved as they arrive, not as
 * announced: an announcement costs the sender nothing.
 *
 * Throws LensError `ingest.body_too_large` (before reading when Content-Length tells),
 * `ingest.body_timeout`, `ingest.overloaded`, and `ingest.body_malformed` when the client goes away. The
 * stream is then left where it stopped: the caller answers and closes.
 */
export function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  reservation: ByteReservation,
): Promise<Buffer> {
  const announcedBytes = Number(request.headers["content-length"] ?? 0);
  if (announcedBytes > limits.sizeBytesMax) return Promise.reject(tooLarge(limits.sizeBytesMax));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    const timer = setTimeout(() => fail(bodyTimedOut(limits.timeoutMs)), limits.timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
    };
    const fail = (error: unknown): void => {
      settle();
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      receivedBytes += chunk.length;
      try {
        if (receivedBytes > limits.sizeBytesMax) throw tooLarge(limits.sizeBytesMax);
        reserve(reservation, chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : joinChunks(chunks, receivedBytes));
    };
    const onClose = (): void => fail(aborted());
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onClose);
  });
}

/** Node's parser copies each chunk into memory of its own, which is free at once when they have been joined. */
function joinChunks(chunks: readonly Buffer[], sizeBytes: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    at += chunk.copy(whole, at);
    releaseMemory(chunk);
  }
  return whole;
}

const tooLarge = (sizeBytesMax: number): LensError =>
  new LensError(
    "ingest.body_too_large",
    `the body is larger than ${sizeBytesMax} bytes; send smaller batches or raise LENSAI_BODY_LIMIT_BYTES`,
  );

export const bodyTimedOut = (timeoutMs: number): LensError =>
  new LensError(
    "ingest.body_timeout",
    `the body did not arrive within ${timeoutMs} ms; check the network or send smaller batches`,
  );

const aborted = (): LensError =>
  new LensError("ingest.body_malformed", "the connection closed before the whole body arrived");
