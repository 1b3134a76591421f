import { createHash, createHmac } from "node:crypto";
import { readSignature } from "@lensai/otel-config/signing/read-signature";
import type { ClaimedSignature } from "@lensai/otel-config/signing/read-signature";
import type { ReceivedExport } from "./otlp-receiver.ts";

/** What the signature of a request says; throws when there is none that can be read. */
export function claimedBy({ path, headers }: ReceivedExport): ClaimedSignature {
  const field = (name: string): string | undefined => headers[name] as string | undefined;
  return readSignature({
    method: "POST",
    path,
    contentType: field("content-type"),
    contentDigest: field("content-digest"),
    signatureInput: field("signature-input"),
    signature: field("signature"),
  });
}

/** By node:crypto, over the bytes as they came. */
export function isSignedWith(secret: Uint8Array, received: ReceivedExport): boolean {
  const { base, mac, bodySha256 } = claimedBy(received);
  return (
    createHmac("sha256", secret).update(base).digest().equals(mac) &&
    createHash("sha256").update(received.body).digest().equals(bodySha256)
  );
}
