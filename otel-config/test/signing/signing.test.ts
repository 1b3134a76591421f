import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { httpbis } from "http-message-signatures";
import { expect, test } from "vitest";
import { LensError } from "../../src/errors.ts";
import { fromBase64, toBase64 } from "../../src/signing/base64.ts";
import { createdProblem, readSignature } from "../../src/signing/read-signature.ts";
import { signingSecretOf, unsignedRequest } from "../../src/signing/sign-request.ts";
import type { RequestToSign } from "../../src/signing/sign-request.ts";

interface SignedVector {
  name: string;
  secretBase64: string;
  keyId: string;
  method: string;
  path: string;
  contentType: string;
  bodyBase64: string;
  created: number;
  nonce: string;
  contentDigest: string;
  signatureInput: string;
  signature: string;
  signatureBase: string;
}

interface ReceivedVector {
  name: string;
  problem: string;
  method: string;
  path: string;
  contentType?: string;
  contentDigest?: string;
  signatureInput?: string;
  signature?: string;
  bodyBase64: string;
  nowSeconds: number;
}

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/signing.json", import.meta.url), "utf8"),
) as { signed: SignedVector[]; accepted: ReceivedVector[]; refused: ReceivedVector[] };
const known = vectors.signed[0] as SignedVector;

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const mac = (secret: Uint8Array, text: string): Buffer =>
  createHmac("sha256", secret).update(text).digest();

/** What a receiver does: everything but the nonce. */
function problemOf(vector: ReceivedVector | SignedVector, nowSeconds: number): string | undefined {
  const received = vector as ReceivedVector;
  const { contentType, contentDigest, signatureInput, signature } = received;
  try {
    const claimed = readSignature({
      method: vector.method,
      path: vector.path,
      contentType,
      contentDigest,
      signatureInput,
      signature,
    });
    if (claimed.keyId !== known.keyId) return "key_unknown";
    const problem = createdProblem(claimed.created, nowSeconds);
    if (problem !== undefined) return problem;
    const expected = mac(signingSecretOf(known.secretBase64), claimed.base);
    if (!expected.equals(claimed.mac)) return "signature_mismatch";
    const body = Buffer.from(vector.bodyBase64, "base64");
    return sha256(body).equals(claimed.bodySha256) ? undefined : "digest_mismatch";
  } catch (error) {
    if (!(error instanceof LensError) || error.code !== "auth.signature_invalid") throw error;
    return String(error.details["problem"]);
  }
}

const toSign = (vector: SignedVector): RequestToSign => ({
  ...vector,
  bodySha256: sha256(Buffer.from(vector.bodyBase64, "base64")),
});

test.each(vectors.signed)("signs as the vector says: $name", (vector) => {
  const unsigned = unsignedRequest(toSign(vector));
  expect(unsigned.base).toBe(vector.signatureBase);
  expect(unsigned.headers(mac(signingSecretOf(vector.secretBase64), unsigned.base))).toEqual({
    "content-digest": vector.contentDigest,
    "signature-input": vector.signatureInput,
    signature: vector.signature,
  });
});

test.each(vectors.signed)("reads what it signed: $name", (vector) => {
  const claimed = readSignature(vector);
  expect(claimed).toMatchObject({
    keyId: vector.keyId,
    nonce: vector.nonce,
    created: vector.created,
    base: vector.signatureBase,
  });
  expect(Buffer.from(claimed.mac)).toEqual(mac(signingSecretOf(vector.secretBase64), claimed.base));
});

test.each(vectors.accepted)("accepts: $name", (vector) => {
  expect(problemOf(vector, vector.nowSeconds)).toBeUndefined();
});

test.each(vectors.refused)("refuses with $problem: $name", (vector) => {
  expect(problemOf(vector, vector.nowSeconds)).toBe(vector.problem);
});

/** A library of its own, with its own canonical form and parser. */
test.each(vectors.signed)("an independent library verifies it: $name", async (vector) => {
  const verified = await httpbis.verifyMessage(
    {
      requiredFields: ["@method", "@path", "content-digest", "content-type"],
      requiredParams: ["created", "nonce", "keyid"],
      tolerance: 0,
      notAfter: new Date(vector.created * 1000),
      keyLookup: ({ keyid }) =>
        Promise.resolve({
          id: String(keyid),
          algs: ["hmac-sha256"],
          verify: (data, signature) =>
            Promise.resolve(
              mac(signingSecretOf(vector.secretBase64), data.toString()).equals(signature),
            ),
        }),
    },
    messageOf(vector),
  );
  expect(verified).toBe(true);
});

test.each(vectors.signed)("accepts what an independent library signs: $name", async (vector) => {
  const message = messageOf(vector);
  delete message.headers["signature"];
  delete message.headers["signature-input"];
  const signed = await httpbis.signMessage(
    {
      name: "other",
      fields: ["content-type", "@path", "content-digest", "@method"],
      params: ["keyid", "alg", "created", "nonce"],
      paramValues: { created: new Date(vector.created * 1000), nonce: vector.nonce },
      key: {
        id: vector.keyId,
        alg: "hmac-sha256",
        sign: (data) => Promise.resolve(mac(signingSecretOf(vector.secretBase64), data.toString())),
      },
    },
    message,
  );
  const headers = signed.headers;
  const claimed = readSignature({
    ...vector,
    signatureInput: String(headers["Signature-Input"]),
    signature: String(headers["Signature"]),
  });
  expect(claimed).toMatchObject({ keyId: vector.keyId, nonce: vector.nonce });
  expect(Buffer.from(claimed.mac)).toEqual(mac(signingSecretOf(vector.secretBase64), claimed.base));
});

function messageOf(vector: SignedVector): {
  method: string;
  url: string;
  headers: Record<string, string>;
} {
  return {
    method: vector.method,
    url: `https://collector.example${vector.path}`,
    headers: {
      "content-type": vector.contentType,
      "content-digest": vector.contentDigest,
      "signature-input": vector.signatureInput,
      signature: vector.signature,
    },
  };
}

/** Not `unit: "binary"`, which makes a table of a million characters first. */
const character = fc
  .nat(0x10ffff)
  .map((codePoint) => String.fromCodePoint(codePoint))
  .filter((text) => text.isWellFormed());

const field = fc.oneof(
  fc.string({ unit: character, maxLength: 300 }),
  fc.constantFrom(known.contentDigest, known.signatureInput, known.signature),
  fc
    .tuple(fc.constantFrom(known.signatureInput, known.signature), fc.nat(), fc.string())
    .map(([text, at, inserted]) => {
      const index = at % text.length;
      return text.slice(0, index) + inserted + text.slice(index + 1);
    }),
);

test("whatever a header holds, it is read or refused with a problem, never anything else", () => {
  fc.assert(
    fc.property(field, field, field, (contentDigest, signatureInput, signature) => {
      const received = { ...known, contentDigest, signatureInput, signature };
      const problem = problemOf(received, known.created);
      const isUntouched =
        contentDigest.trim() === known.contentDigest &&
        signatureInput.trim() === known.signatureInput &&
        signature.trim() === known.signature;
      expect(problem === undefined).toBe(isUntouched);
    }),
    { numRuns: 2_000 },
  );
});

test.each<[string, Partial<RequestToSign>]>([
  ["a line break in the content type", { contentType: 'a\n"@path": /v1/logs' }],
  ["a line break in the path", { path: "/v1\n/traces" }],
  ["a query in the path", { path: "/v1/traces?a=b" }],
  ["a quote in the key id", { keyId: 'a"b' }],
  ["a short nonce", { nonce: "a" }],
  ["a fraction of a second", { created: 1.5 }],
  ["a method in lower case", { method: "post" }],
  ["a digest that is not one", { bodySha256: new Uint8Array(31) }],
])("does not sign what no header can hold: %s", (_what, change) => {
  expect(() => unsignedRequest({ ...toSign(known), ...change })).toThrow(/cannot be signed/);
});

test.each([
  ["31 bytes", Buffer.alloc(31).toString("base64")],
  ["129 bytes", Buffer.alloc(129).toString("base64")],
  ["base64url", Buffer.alloc(32, 255).toString("base64url")],
])("refuses a secret of %s and does not repeat it", (_what, base64) => {
  let message = "";
  try {
    signingSecretOf(base64);
  } catch (error) {
    message = (error as LensError).message;
  }
  expect(message).toMatch(/^the signing secret/);
  expect(message).not.toContain(base64.slice(0, 8));
});

test("takes secrets from 32 to 128 bytes", () => {
  for (const length of [32, 128]) {
    expect(signingSecretOf(Buffer.alloc(length, 7).toString("base64"))).toHaveLength(length);
  }
});

test("base64 has one text per value", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(toBase64(bytes))).toEqual(new Uint8Array(bytes));
    }),
  );
  for (const text of ["AB==", "AAB=", "A===", "A", "AA=A", "A-AA", " AAAA"]) {
    expect(fromBase64(text)).toBeUndefined();
  }
});
