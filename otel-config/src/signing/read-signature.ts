import { LensError } from "../errors.ts";
import { fromBase64 } from "./base64.ts";
import {
  KEY_ID_PATTERN,
  NONCE_PATTERN,
  SIGNATURE_WINDOW_SECONDS,
  SIGNED_COMPONENTS,
  signatureBase,
} from "./signature-base.ts";
import type { SignedComponent } from "./signature-base.ts";

/** Why a signature is not accepted. */
export type SignatureProblem =
  | "headers_missing"
  | "digest_malformed"
  | "input_malformed"
  | "signature_malformed"
  | "components_wrong"
  | "algorithm_wrong"
  | "key_unknown"
  | "key_not_yet_valid"
  | "key_expired"
  | "created_too_old"
  | "created_in_future"
  | "signature_mismatch"
  | "digest_mismatch"
  | "nonce_replayed";

/** The fields as received, each undefined when absent. */
export interface SignatureFields {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly contentDigest: string | undefined;
  readonly signatureInput: string | undefined;
  readonly signature: string | undefined;
}

/** A signature that can be read; nothing of it is proven yet. */
export interface ClaimedSignature {
  readonly keyId: string;
  readonly nonce: string;
  /** Unix time in seconds. */
  readonly created: number;
  /** What the MAC was computed of. */
  readonly base: string;
  readonly mac: Uint8Array;
  /** SHA-256 that the body must have. */
  readonly bodySha256: Uint8Array;
}

/** Longer ones are not ours: 32 bytes of digest or MAC, four components and their parameters are below 700. */
const FIELD_LENGTH_MAX = 1024;

const SHA256_BYTES = 32;

/**
 * Reads the signature of a request, in the narrow form that signers of exports write: one member, the components
 * of SIGNED_COMPONENTS in any order, the parameters created, nonce and keyid, and nothing else but `alg`.
 * Throws LensError `auth.signature_invalid` with the SignatureProblem as `details.problem`.
 */
export function readSignature(fields: SignatureFields): ClaimedSignature {
  const contentDigest = present(fields.contentDigest, "content-digest");
  const input = readInput(present(fields.signatureInput, "signature-input"));
  const mac = readMac(present(fields.signature, "signature"), input.label);
  const contentType = present(fields.contentType, "content-type");
  const values = { method: fields.method, path: fields.path, contentDigest, contentType };
  return {
    keyId: input.keyId,
    nonce: input.nonce,
    created: input.created,
    base: signatureBase(values, input.components, input.params),
    mac,
    bodySha256: readDigest(contentDigest),
  };
}

/** The problem with the time of a signature, if there is one; both are Unix times in seconds. */
export function createdProblem(created: number, nowSeconds: number): SignatureProblem | undefined {
  if (created < nowSeconds - SIGNATURE_WINDOW_SECONDS) return "created_too_old";
  if (created > nowSeconds + SIGNATURE_WINDOW_SECONDS) return "created_in_future";
  return undefined;
}

function present(value: string | undefined, name: string): string {
  const field = value?.trim();
  if (field === undefined || field === "") {
    throw refusal("headers_missing", `the request is signed, but has no ${name} header`);
  }
  if (field.length > FIELD_LENGTH_MAX) {
    throw refusal("input_malformed", `the header ${name} has more than ${FIELD_LENGTH_MAX} bytes`);
  }
  return field;
}

/** Other algorithms may stand beside sha-256; they are not looked at. */
function readDigest(field: string): Uint8Array {
  for (const member of field.split(",")) {
    const base64 = /^sha-256=:([^:]*):$/.exec(member.trim())?.[1];
    const bytes = base64 === undefined ? undefined : fromBase64(base64);
    if (bytes?.length === SHA256_BYTES) return bytes;
  }
  throw refusal(
    "digest_malformed",
    "content-digest is not sha-256=:<base64 of the SHA-256 of the body>:",
  );
}

function readMac(field: string, label: string): Uint8Array {
  const member = /^([a-z*][a-z0-9_.*-]*)=:([^:]*):$/.exec(field);
  const mac = fromBase64(member?.[2] ?? "");
  if (member?.[1] !== label || mac?.length !== SHA256_BYTES) {
    throw refusal("signature_malformed", `signature is not ${label}=:<base64 of 32 bytes>:`);
  }
  return mac;
}

interface SignatureInput {
  readonly label: string;
  readonly components: readonly SignedComponent[];
  /** The value of @signature-params: the inner list with its parameters as sent. */
  readonly params: string;
  readonly created: number;
  readonly nonce: string;
  readonly keyId: string;
}

const INPUT = /^([a-z*][a-z0-9_.*-]*)=(\(([^()]*)\)((?:;[a-z]+=(?:"[^"\\]*"|\d{1,15}))*))$/;

function readInput(field: string): SignatureInput {
  const [, label, params, list, rest] = INPUT.exec(field) ?? [];
  if (label === undefined || params === undefined || list === undefined || rest === undefined) {
    throw refusal(
      "input_malformed",
      "signature-input is not one list of components with created, nonce and keyid",
    );
  }
  return { label, params, components: readComponents(list), ...readParameters(rest) };
}

function readComponents(list: string): readonly SignedComponent[] {
  const named = list.split(" ").map((item) => /^"([a-z@-]+)"$/.exec(item)?.[1]);
  const components = SIGNED_COMPONENTS.filter((component) => named.includes(component));
  if (named.length !== SIGNED_COMPONENTS.length || components.length !== named.length) {
    const expected = SIGNED_COMPONENTS.map((component) => `"${component}"`).join(" ");
    throw refusal("components_wrong", `the signature does not cover exactly ${expected}`);
  }
  return named as SignedComponent[];
}

function readParameters(text: string): Pick<SignatureInput, "created" | "nonce" | "keyId"> {
  const parameters = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/;([a-z]+)=("[^"\\]*"|\d+)/g)) {
    if (parameters.has(name) || !KNOWN_PARAMETERS.has(name)) {
      throw refusal(
        "input_malformed",
        `signature-input has the parameter ${name} twice or unasked`,
      );
    }
    parameters.set(name, value);
  }
  const algorithm = parameters.get("alg");
  if (algorithm !== undefined && algorithm !== '"hmac-sha256"') {
    throw refusal("algorithm_wrong", "the algorithm of the signature is not hmac-sha256");
  }
  const created = parameters.get("created") ?? "";
  const nonce = unquoted(parameters.get("nonce"));
  const keyId = unquoted(parameters.get("keyid"));
  if (!/^\d+$/.test(created) || !NONCE_PATTERN.test(nonce) || !KEY_ID_PATTERN.test(keyId)) {
    throw refusal(
      "input_malformed",
      'signature-input needs created=<unix seconds>, nonce="<16 to 128 characters>" and keyid="<id of the secret>"',
    );
  }
  return { created: Number(created), nonce, keyId };
}

const KNOWN_PARAMETERS: ReadonlySet<string> = new Set(["created", "nonce", "keyid", "alg"]);

const unquoted = (value: string | undefined): string => /^"(.*)"$/.exec(value ?? "")?.[1] ?? "";

function refusal(problem: SignatureProblem, message: string): LensError {
  return new LensError("auth.signature_invalid", message, { details: { problem } });
}
