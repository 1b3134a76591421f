import { unsignedRequest } from "@lensai/otel-config/signing/sign-request";
import type { SigningKey } from "./signing-keys.ts";

export interface ExportToSign {
  /** POST when absent, as exports are. */
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly contentType: string;
  /** As it will be sent, after compression. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Unix time in seconds, by the receiver's clock as far as it is known. */
  readonly created: number;
  /** Fresh for every attempt. */
  readonly nonce: string;
}

/**
 * The header fields that sign a request (RFC 9421, RFC 9530). With WebCrypto, which every runtime has, and which
 * hashes outside of the main thread in Node.
 */
export async function signExport(
  { method = "POST", path, contentType, body, created, nonce }: ExportToSign,
  { keyId, secret }: SigningKey,
): Promise<Readonly<Record<string, string>>> {
  const { subtle } = globalThis.crypto;
  const bodySha256 = new Uint8Array(await subtle.digest("SHA-256", body));
  const unsigned = unsignedRequest({
    method,
    path,
    contentType,
    bodySha256,
    created,
    nonce,
    keyId,
  });
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const mac = await subtle.sign("HMAC", key, new TextEncoder().encode(unsigned.base));
  return unsigned.headers(new Uint8Array(mac));
}
