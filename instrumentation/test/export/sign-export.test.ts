import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { signExport } from "../../src/export/sign-export.ts";

interface SignedVector {
  readonly name: string;
  readonly secretBase64: string;
  readonly keyId: string;
  readonly path: string;
  readonly contentType: string;
  readonly bodyBase64: string;
  readonly created: number;
  readonly nonce: string;
  readonly contentDigest: string;
  readonly signatureInput: string;
  readonly signature: string;
}

const { signed } = JSON.parse(
  readFileSync(new URL("../../../otel-config/vectors/signing.json", import.meta.url), "utf8"),
) as { signed: readonly SignedVector[] };

const bytes = (base64: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(base64, "base64"));

describe("signatures of exports", () => {
  test.each(signed)("are those of the vectors: $name", async (vector) => {
    const { path, contentType, bodyBase64, created, nonce, keyId, secretBase64 } = vector;
    const headers = await signExport(
      { path, contentType, body: bytes(bodyBase64), created, nonce },
      { keyId, secret: bytes(secretBase64) },
    );
    expect(headers).toEqual({
      "content-digest": vector.contentDigest,
      "signature-input": vector.signatureInput,
      signature: vector.signature,
    });
  });
});
