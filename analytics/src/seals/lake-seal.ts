import { createHash } from "node:crypto";
import type { SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { LAKE_SEAL_PAYLOAD_TYPE, openEnvelope, seal } from "@lensai/otel-config/signing/envelope";
import type { NameRange } from "../lake/commit-names.ts";
import { orderedFile } from "../lake/manifest.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { compareKeys } from "../object-store/object-key.ts";

/**
 * What counted in a region of a lake at a moment, as a console has signed it (DSSE, `signing/envelope.ts`). Seals are
 * numbered without gaps, and each holds the hash of the one before it: who keeps one number and hash can tell later
 * that nothing was changed in what came before.
 */
export interface LakeSeal {
  readonly type: typeof SEAL_TYPE;
  readonly formatVersion: 1;
  readonly region: string;
  /** 1, 2, 3, ... */
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
  /** SHA-256 of the seal before it as it lies in the store, lower-case hex; null: it is the first. */
  readonly previousSha256: string | null;
  /** Does the manifest still say of the moment of the seal before it what that says? False: too much of it is gone to tell. */
  readonly isContinuous: boolean;
  /** The commits that were taken in. */
  readonly commits: readonly NameRange[];
  readonly files: number;
  readonly records: number;
  readonly sizeBytes: number;
  /** Records that counted at some time since the first seal and do not any more. Merging lets none go. */
  readonly goneRecords: number;
  /** See `hashOfFiles`. */
  readonly filesSha256: string;
}

export const SEAL_TYPE = "lensai.lake_seal";

/** The object as it lies in the store. */
export function signSeal(document: LakeSeal, key: SigningKeyPair): Uint8Array {
  return Buffer.from(`${seal(LAKE_SEAL_PAYLOAD_TYPE, JSON.stringify(document), key)}\n`);
}

export interface OpenedSeal {
  readonly seal: LakeSeal;
  readonly keyId: string;
  /** Lower-case hex, of the object. */
  readonly sha256: string;
}

/**
 * Opens a seal that must be of this number, and signed by this key where one is given. Throws TypeError that says what is
 * wrong, and SyntaxError for one that is not whole.
 */
export function openSeal(
  body: Uint8Array,
  expected: { readonly number: number; readonly keyId: string | undefined },
): OpenedSeal {
  const text = Buffer.from(body).toString("utf8");
  const { payload, keyId } = openEnvelope(text, {
    payloadType: LAKE_SEAL_PAYLOAD_TYPE,
    keyId: expected.keyId,
  });
  const document = JSON.parse(payload) as LakeSeal;
  const { formatVersion, number } = document;
  if (formatVersion !== 1) {
    throw new TypeError(`it is of version ${String(formatVersion)}, this program reads 1`);
  }
  if (number !== expected.number) {
    throw new TypeError(
      `it says that it is seal ${String(number)}, and lies where ${expected.number} belongs`,
    );
  }
  return { seal: document, keyId, sha256: sha256Of(body) };
}

/**
 * Of all that the manifest says of the files, in lower-case hex: one line of JSON for each, as in its commit and without
 * spaces, sorted by key.
 */
export function hashOfFiles(files: readonly ManifestFile[]): string {
  const hash = createHash("sha256");
  const sorted = files.toSorted((left, right) => compareKeys(left.key, right.key));
  for (const file of sorted) hash.update(`${JSON.stringify(orderedFile(file))}\n`);
  return hash.digest("hex");
}

export function recordsOf(files: readonly ManifestFile[]): number {
  return files.reduce((sum, { kind, rows }) => sum + (kind === "spans" ? rows : 0), 0);
}

function sha256Of(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}
