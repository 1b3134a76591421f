import { createHash, createHmac, randomBytes } from "node:crypto";
import type { ControlSigningSecret } from "@lensai/otel-config/control/signing-secrets";
import { unsignedRequest } from "@lensai/otel-config/signing/sign-request";
import type { RequestToSign, SignatureHeader } from "@lensai/otel-config/signing/sign-request";

/** Signs as an exporter does. */

export interface SignOptions extends Partial<Omit<RequestToSign, "bodySha256" | "keyId">> {
  readonly secret: ControlSigningSecret;
  readonly body: Uint8Array | string;
}

export const secretOf = (id: string, projectId = "signed"): ControlSigningSecret => ({
  id,
  projectId,
  secret: createHash("sha256").update(`secret of ${id}`).digest("base64url"),
});

export const freshNonce = (): string => randomBytes(16).toString("base64url");

/** The headers that a signed request has, its content-type among them. */
export function signedHeaders(
  options: SignOptions,
): Record<SignatureHeader | "content-type", string> {
  const { secret, body, contentType = "application/x-protobuf" } = options;
  const unsigned = unsignedRequest({
    method: options.method ?? "POST",
    path: options.path ?? "/v1/traces",
    contentType,
    bodySha256: createHash("sha256").update(body).digest(),
    created: options.created ?? Math.floor(Date.now() / 1000),
    nonce: options.nonce ?? freshNonce(),
    keyId: secret.id,
  });
  const key = Buffer.from(secret.secret, "base64url");
  const mac = createHmac("sha256", key).update(unsigned.base).digest();
  const headers = unsigned.headers(mac) as Record<SignatureHeader, string>;
  return { ...headers, "content-type": contentType };
}
