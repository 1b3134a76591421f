import { createHash, createHmac, randomBytes } from "node:crypto";
import { CONTROL_SNAPSHOT_VERSION } from "@lensai/otel-config/control/snapshot";
import { unsignedRequest } from "@lensai/otel-config/signing/sign-request";
import { NonceWindow, nonceOf } from "../src/admission/nonce-window.ts";
import { requireDigest, verifySignature } from "../src/admission/request-signature.ts";
import type { SignedRequest } from "../src/admission/request-signature.ts";
import { indexSnapshot } from "../src/control/index-snapshot.ts";

const KEY_ID = "sig_bench";
const SECRET = randomBytes(32);

/** Everything that a signature costs on the ack thread, but for the write of its nonce. */
export function verification(pool: readonly { readonly gzip: Buffer }[]): () => void {
  const signingSecrets = [
    { id: KEY_ID, projectId: "p", secret: Buffer.from(SECRET).toString("base64url") },
  ];
  const control = indexSnapshot(
    {
      formatVersion: CONTROL_SNAPSHOT_VERSION,
      version: 1,
      issuedAt: "",
      projects: [],
      keys: [],
      signingSecrets,
    },
    { bootstrapKey: undefined, content: "redacted" },
  );
  const nowMs = Date.now();
  const requests = pool.map(({ gzip }) => ({ gzip, request: signedRequest(gzip, nowMs) }));
  return () => {
    const window = new NonceWindow();
    for (const { gzip, request } of requests) {
      const { signature } = verifySignature(request, control, nowMs);
      requireDigest(signature, gzip);
      window.take(KEY_ID, nonceOf(signature));
    }
  };
}

function signedRequest(body: Buffer, nowMs: number): SignedRequest {
  const [method, path, contentType] = ["POST", "/v1/traces", "application/x-protobuf"];
  const unsigned = unsignedRequest({
    method,
    path,
    contentType,
    bodySha256: createHash("sha256").update(body).digest(),
    created: Math.floor(nowMs / 1000),
    nonce: randomBytes(16).toString("base64url"),
    keyId: KEY_ID,
  });
  const mac = createHmac("sha256", SECRET).update(unsigned.base).digest();
  const headers = { ...unsigned.headers(mac), "content-type": contentType };
  return { method, path, header: (name) => headers[name as keyof typeof headers] };
}
