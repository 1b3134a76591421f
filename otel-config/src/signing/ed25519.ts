import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { LensError } from "../errors.ts";

/**
 * Ed25519 (RFC 8032) keys of a console. A public key is 32 bytes, so its name is the key itself:
 * `ed25519:<43 characters of base64url>`. Whoever has the name can verify, and needs nothing else.
 */
export interface SigningKeyPair {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

const PREFIX = "ed25519:";
export const PUBLIC_KEY_ID_PATTERN = /^ed25519:[A-Za-z0-9_-]{43}$/;
export const SEED_BYTES = 32;

/** PKCS #8 of an Ed25519 seed (RFC 8410 section 7) is always these bytes and then the seed. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The key pair of 32 random bytes. */
export function keyPairOf(seed: Uint8Array): SigningKeyPair {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { keyId: `${PREFIX}${x}`, privateKey };
}

export function signBytes({ privateKey }: SigningKeyPair, bytes: Uint8Array): Buffer {
  return sign(null, bytes, privateKey);
}

/** Throws LensError `config.invalid` for a name that is no key. */
export function isSignedBy(keyId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, bytes, publicKeyOf(keyId), signature);
}

function publicKeyOf(keyId: string): KeyObject {
  if (!PUBLIC_KEY_ID_PATTERN.test(keyId)) {
    throw new LensError(
      "config.invalid",
      `"${keyId.slice(0, 80)}" is not a public key as ed25519:<43 characters of base64url>`,
    );
  }
  const x = keyId.slice(PREFIX.length);
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}
