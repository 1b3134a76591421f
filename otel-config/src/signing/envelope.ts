import { isSignedBy, signBytes } from "./ed25519.ts";
import type { SigningKeyPair } from "./ed25519.ts";

/**
 * Signed documents: DSSE 1.0.2 envelopes (github.com/secure-systems-lab/dsse), which the supply-chain field signs
 * its statements with. The signature is over the type and the bytes of the document, so that a document of one
 * kind never passes for one of another, and it travels with the document through streams, files and caches.
 */
export interface Envelope {
  readonly payloadType: string;
  /** base64 */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export const ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json";

/** What is signed: the control snapshot as JSON. */
export const SNAPSHOT_PAYLOAD_TYPE = "application/vnd.lensai.control-snapshot+json";
/** The head of a chain of the audit log as JSON: see audit/audit-export.ts. */
export const AUDIT_HEAD_PAYLOAD_TYPE = "application/vnd.lensai.audit-head+json";

/** What a customer is charged: see statements/statement.ts. */
export const STATEMENT_PAYLOAD_TYPE = "application/vnd.lensai.statement+json";

/** What a lake held at a moment: see analytics/src/seals/lake-seal.ts. */
export const LAKE_SEAL_PAYLOAD_TYPE = "application/vnd.lensai.lake-seal+json";

/** A document that a key has signed. */
export interface OpenedEnvelope {
  readonly payload: string;
  readonly keyId: string;
}

/** The document in one line of JSON, signed. */
export function seal(payloadType: string, document: string, keyPair: SigningKeyPair): string {
  const payload = Buffer.from(document);
  const sig = signBytes(keyPair, preAuthEncoding(payloadType, payload)).toString("base64");
  const envelope: Envelope = {
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ keyid: keyPair.keyId, sig }],
  };
  return JSON.stringify(envelope);
}

/**
 * Opens an envelope of this type. With a `keyId`, only that key's signature counts; without, that of the first
 * key that is named, which proves no more than that nothing was changed since. Throws TypeError that says what is
 * wrong.
 */
export function openEnvelope(
  text: string,
  expected: { readonly payloadType: string; readonly keyId: string | undefined },
): OpenedEnvelope {
  const envelope = parseEnvelope(text);
  if (envelope.payloadType !== expected.payloadType) {
    throw new TypeError(`the envelope holds ${envelope.payloadType}, not ${expected.payloadType}`);
  }
  const { keyId = envelope.signatures[0]?.keyid } = expected;
  const signature = envelope.signatures.find(({ keyid }) => keyid === keyId);
  if (keyId === undefined || signature === undefined) {
    const signers = envelope.signatures.map(({ keyid }) => keyid).join(", ") || "nobody";
    throw new TypeError(`it is signed by ${signers}, not by ${keyId ?? "anybody"}`);
  }
  const payload = bytesOf(envelope.payload);
  const signed = preAuthEncoding(envelope.payloadType, payload);
  if (!isSignedBy(keyId, signed, bytesOf(signature.sig))) {
    throw new TypeError(`the signature of ${keyId} does not fit: the document was changed`);
  }
  return { payload: payload.toString("utf8"), keyId };
}

/** Only of base64 as it is written here, so that a document has one form. */
function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) throw new TypeError("it holds base64 that is none");
  return bytes;
}

/** PAE of the DSSE protocol: lengths before texts, so that no two inputs have one encoding. */
function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const typeBytes = Buffer.byteLength(payloadType);
  const head = `DSSEv1 ${typeBytes} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Many signers are somebody's trick. */
const SIGNATURES_MAX = 8;

function parseEnvelope(text: string): Envelope {
  const value: unknown = JSON.parse(text);
  const { payloadType, payload, signatures } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof payloadType !== "string" || typeof payload !== "string" || !Array.isArray(signatures))
    throw new TypeError("it is not a signed envelope (DSSE)");
  const isWhole = signatures.every(
    (each: unknown) =>
      typeof each === "object" &&
      each !== null &&
      typeof (each as { keyid?: unknown }).keyid === "string" &&
      typeof (each as { sig?: unknown }).sig === "string",
  );
  if (!isWhole || signatures.length > SIGNATURES_MAX)
    throw new TypeError("it has no signatures that can be read");
  return { payloadType, payload, signatures: signatures as Envelope["signatures"] };
}
