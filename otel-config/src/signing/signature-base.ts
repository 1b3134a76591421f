/**
 * How exports are signed: HTTP Message Signatures (RFC 9421) with `hmac-sha256` over four components, the body
 * through its Content-Digest (RFC 9530) of the bytes on the wire, after compression. The whole scheme for other
 * languages is `vectors/signing.json`.
 */

/** In this order when we sign; a receiver takes any order. */
export const SIGNED_COMPONENTS = ["@method", "@path", "content-digest", "content-type"] as const;

export type SignedComponent = (typeof SIGNED_COMPONENTS)[number];

/** The member of Signature-Input and Signature that ours is. */
export const SIGNATURE_LABEL = "lensai";

/** How far `created` may be from the receiver's clock, in both directions. */
export const SIGNATURE_WINDOW_SECONDS = 300;

/** HMAC-SHA-256 keys below the length of the hash weaken it (RFC 2104 section 3); longer ones add nothing beyond 64. */
export const SECRET_BYTES_MIN = 32;
export const SECRET_BYTES_MAX = 128;

/** Ids of secrets and nonces need no escapes in a header, and are short enough to be kept. */
export const KEY_ID_PATTERN = /^[A-Za-z0-9_.:-]{1,128}$/;
export const NONCE_PATTERN = /^[A-Za-z0-9_.:+/=-]{16,128}$/;

export interface SignedValues {
  /** Upper case. */
  readonly method: string;
  /** As in the request line, without the query; the method path in gRPC. */
  readonly path: string;
  /** The whole field: `sha-256=:...:`. */
  readonly contentDigest: string;
  /** The whole field, byte for byte as sent. */
  readonly contentType: string;
}

/**
 * The text that the MAC is computed of (RFC 9421 section 2.5). `params` is the value of @signature-params as it
 * stands in Signature-Input. No value may hold a line break, which would let one component pose as another:
 * HTTP headers cannot, and what builds them here is checked.
 */
export function signatureBase(
  values: SignedValues,
  components: readonly SignedComponent[],
  params: string,
): string {
  const valueOf: Readonly<Record<SignedComponent, string>> = {
    "@method": values.method,
    "@path": values.path,
    "content-digest": values.contentDigest,
    "content-type": values.contentType.trim(),
  };
  const lines = components.map((component) => `"${component}": ${valueOf[component]}`);
  return [...lines, `"@signature-params": ${params}`].join("\n");
}
