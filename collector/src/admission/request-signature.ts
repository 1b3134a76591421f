import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import { createdProblem, readSignature } from "@lensai/otel-config/signing/read-signature";
import type {
  ClaimedSignature,
  SignatureProblem,
} from "@lensai/otel-config/signing/read-signature";
import { SIGNATURE_WINDOW_SECONDS } from "@lensai/otel-config/signing/signature-base";
import type { ControlIndex, SigningSecret } from "../control/index-snapshot.ts";
import type { HeaderLookup } from "./presented-keys.ts";

/** What a signature is about, besides the body. */
export interface SignedRequest {
  readonly method: string;
  /** As in the request line, without the query; the method path in gRPC. */
  readonly path: string;
  readonly header: HeaderLookup;
}

/** A signature whose MAC holds. The body is proven by `requireDigest`, and that it is new by its nonce. */
export interface RequestSignature {
  readonly keyId: string;
  readonly nonce: string;
  /** Unix time in seconds. */
  readonly created: number;
  readonly bodySha256: Uint8Array;
}

export interface VerifiedSignature {
  readonly secret: SigningSecret;
  readonly signature: RequestSignature;
}

/** A request with any of the signature's fields means to be signed: half a signature is none. */
export function isSigned(header: HeaderLookup): boolean {
  return header("signature") !== undefined || header("signature-input") !== undefined;
}

/**
 * Verifies what can be verified before the body has arrived, so that nobody's body is read for a signature
 * that does not hold. Throws LensError `auth.signature_invalid` or `auth.signature_stale`, with the
 * SignatureProblem as `details.problem`.
 */
export function verifySignature(
  request: SignedRequest,
  control: ControlIndex,
  nowMs: number,
): VerifiedSignature {
  const verified = verifyHeldSignature(request, control, nowMs);
  // After the MAC: exporters set their clocks by this refusal, so it is given to real signatures only.
  requireFresh(verified.signature.created, nowMs);
  return verified;
}

/**
 * The same for a request that was taken when its signature was fresh, and is still being answered: what may have changed
 * since is the secret.
 */
export function verifyHeldSignature(
  request: SignedRequest,
  control: ControlIndex,
  nowMs: number,
): VerifiedSignature {
  const claimed = readClaim(request);
  const secret = control.signingSecretsById.get(claimed.keyId);
  if (secret === undefined) {
    throw invalid(
      "key_unknown",
      `the signing secret ${claimed.keyId} is not known here; it was revoked, or belongs to another installation`,
    );
  }
  if (nowMs >= secret.expiresAtMs) {
    throw invalid(
      "key_expired",
      `the signing secret ${claimed.keyId} has expired; sign with the one that replaced it`,
    );
  }
  const mac = createHmac("sha256", secret.key).update(claimed.base).digest();
  if (!timingSafeEqual(mac, claimed.mac)) {
    throw invalid(
      "signature_mismatch",
      `the signature does not match: it was made with another secret than ${claimed.keyId}, or method, path, content-type or content-digest were changed on the way`,
    );
  }
  const { keyId, nonce, created, bodySha256 } = claimed;
  return { secret, signature: { keyId, nonce, created, bodySha256 } };
}

/**
 * Compares the signed digest with the body as received, before it is decompressed. Throws LensError
 * `auth.signature_invalid`.
 */
export function requireDigest(signature: RequestSignature, wire: Uint8Array): void {
  const sha256 = createHash("sha256").update(wire).digest();
  if (timingSafeEqual(sha256, signature.bodySha256)) return;
  throw invalid(
    "digest_mismatch",
    `content-digest does not match the ${wire.length} bytes of the body as received: something changed it on the way`,
  );
}

function readClaim({ method, path, header }: SignedRequest): ClaimedSignature {
  return readSignature({
    method,
    path,
    contentType: header("content-type"),
    contentDigest: header("content-digest"),
    signatureInput: header("signature-input"),
    signature: header("signature"),
  });
}

function requireFresh(created: number, nowMs: number): void {
  const nowSeconds = Math.floor(nowMs / 1000);
  const problem = createdProblem(created, nowSeconds);
  if (problem === undefined) return;
  const aheadOrBehind = problem === "created_in_future" ? "ahead of" : "behind";
  throw new LensError(
    "auth.signature_stale",
    `the signature's time is ${Math.abs(created - nowSeconds)} s ${aheadOrBehind} this collector's clock, ${SIGNATURE_WINDOW_SECONDS} s are allowed; set the clocks, or sign again`,
    { details: { problem } },
  );
}

function invalid(problem: SignatureProblem, message: string): LensError {
  return new LensError("auth.signature_invalid", message, { details: { problem } });
}
