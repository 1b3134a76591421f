import { LensError } from "../errors.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import {
  KEY_ID_PATTERN,
  NONCE_PATTERN,
  SECRET_BYTES_MAX,
  SECRET_BYTES_MIN,
  SIGNATURE_LABEL,
  SIGNED_COMPONENTS,
  signatureBase,
} from "./signature-base.ts";

export interface RequestToSign {
  /** Upper case. */
  readonly method: string;
  /** Without the query; the method path in gRPC. */
  readonly path: string;
  /** As it will be sent. */
  readonly contentType: string;
  /** SHA-256 of the body as it will be sent, after compression. */
  readonly bodySha256: Uint8Array;
  /** Unix time in seconds. */
  readonly created: number;
  /** Fresh for every attempt, also when the same body is sent again. */
  readonly nonce: string;
  readonly keyId: string;
}

export interface UnsignedRequest {
  /** What the HMAC-SHA-256 is computed of, as UTF-8. */
  readonly base: string;
  /** The three header fields to send, given the MAC of `base`. */
  headers(mac: Uint8Array): Readonly<Record<SignatureHeader, string>>;
}

export type SignatureHeader = "content-digest" | "signature-input" | "signature";

/**
 * Prepares the signature of a request. Hash and MAC are the caller's: node:crypto and WebCrypto give the same
 * bytes, one at once and one later. Throws LensError `config.invalid` for a value that no header may hold.
 */
export function unsignedRequest(request: RequestToSign): UnsignedRequest {
  requireSendable(request);
  const contentDigest = `sha-256=:${toBase64(request.bodySha256)}:`;
  const components = SIGNED_COMPONENTS.map((name) => `"${name}"`).join(" ");
  const { created, nonce, keyId } = request;
  const params = `(${components});created=${created};nonce="${nonce}";keyid="${keyId}"`;
  return {
    base: signatureBase({ ...request, contentDigest }, SIGNED_COMPONENTS, params),
    headers: (mac) => ({
      "content-digest": contentDigest,
      "signature-input": `${SIGNATURE_LABEL}=${params}`,
      signature: `${SIGNATURE_LABEL}=:${toBase64(mac)}:`,
    }),
  };
}

/** The key of the MAC. Throws LensError `config.invalid`; the message does not repeat the secret. */
export function signingSecretOf(base64: string): Uint8Array<ArrayBuffer> {
  const secret = fromBase64(base64);
  if (secret === undefined) {
    throw new LensError("config.invalid", "the signing secret is not base64; copy it again");
  }
  if (secret.length < SECRET_BYTES_MIN || secret.length > SECRET_BYTES_MAX) {
    throw new LensError(
      "config.invalid",
      `the signing secret has ${secret.length} bytes, not ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX}; copy it again`,
    );
  }
  return secret;
}

/** Visible ASCII and inner spaces: what a header or a request line can hold, and no line break. */
const FIELD = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

const SHA256_BYTES = 32;

function requireSendable(request: RequestToSign): void {
  const { method, path, contentType, created, nonce, keyId, bodySha256 } = request;
  const requirements: readonly (readonly [boolean, string])[] = [
    [/^[A-Z]{1,16}$/.test(method), `the method "${method}"`],
    [path.startsWith("/") && FIELD.test(path) && !/[?# ]/.test(path), `the path "${path}"`],
    [FIELD.test(contentType), `the content type "${contentType}"`],
    [Number.isSafeInteger(created) && created >= 0, `the time ${created}`],
    [NONCE_PATTERN.test(nonce), `the nonce "${nonce}"`],
    [KEY_ID_PATTERN.test(keyId), `the id of the signing secret, "${keyId}",`],
    [bodySha256.length === SHA256_BYTES, `a digest of ${bodySha256.length} bytes`],
  ];
  const wrong = requirements.find(([holds]) => !holds);
  if (wrong !== undefined) {
    throw new LensError("config.invalid", `${wrong[1].slice(0, 200)} cannot be signed`);
  }
}
