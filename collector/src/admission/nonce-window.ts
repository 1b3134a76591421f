import { createHash } from "node:crypto";
import { SIGNATURE_WINDOW_SECONDS } from "@lensai/otel-config/signing/signature-base";
import { FingerprintTable } from "../landing/fingerprint-table.ts";
import type { RequestSignature } from "./request-signature.ts";

/** `forgotten`: so old that what was taken then is not known any longer. `full`: see the limits. */
export type NonceVerdict = "new" | "replayed" | "forgotten" | "full";

export interface TakenNonce {
  /** Number of the slice of time in which the signature says it was made. */
  readonly slice: number;
  /** FINGERPRINT_BYTES of a hash. */
  readonly fingerprint: Uint8Array;
}

/** 128 bits of SHA-256: two nonces of a full window share them once in 10^26 windows. */
export const FINGERPRINT_BYTES = 16;

/** A slice is forgotten as a whole when the last of its signatures is stale. */
const SLICE_SECONDS = 100;

/** 71 MB at most; 3,500 signed requests a second, each kept for the 300 s that its signature lives. */
const NONCES_MAX = 2 ** 20;

/** So that one secret cannot use up what others need: 870 requests a second for as long as one likes. */
const NONCES_PER_KEY_MAX = 2 ** 18;

interface Slice {
  readonly table: FingerprintTable;
  readonly countByKey: Map<string, number>;
}

/**
 * The nonces of all signatures that are still within their time, so that none is taken twice. Filed by the
 * time that the signature itself names: it decides how long the signature could be taken again.
 */
export class NonceWindow {
  private readonly slices = new Map<number, Slice>();
  /** Slices below this one were forgotten: a clock that is set back must not bring them to life again. */
  private firstKnown = 0;

  get size(): number {
    let total = 0;
    for (const { table } of this.slices.values()) total += table.size;
    return total;
  }

  /** Remembers the nonce when it is new. `nonce.slice` and `nonce.fingerprint` come from `nonceOf`. */
  take(keyId: string, nonce: TakenNonce): NonceVerdict {
    if (nonce.slice < this.firstKnown) return "forgotten";
    const words = wordsOf(nonce.fingerprint);
    for (const { table } of this.slices.values()) if (table.has(words, 0)) return "replayed";
    if (this.size >= NONCES_MAX || this.countOf(keyId) >= NONCES_PER_KEY_MAX) return "full";
    const slice = this.sliceAt(nonce.slice);
    slice.table.add(words, 0);
    slice.countByKey.set(keyId, (slice.countByKey.get(keyId) ?? 0) + 1);
    return "new";
  }

  /** Takes back what an earlier process took; the bytes are fingerprints one after another. */
  restore(slice: number, fingerprints: Uint8Array): void {
    const { table } = this.sliceAt(slice);
    for (let at = 0; at + FINGERPRINT_BYTES <= fingerprints.length; at += FINGERPRINT_BYTES) {
      table.add(wordsOf(fingerprints.subarray(at, at + FINGERPRINT_BYTES)), 0);
    }
  }

  /** Forgets the slices in which every signature is stale by now, and names them. */
  forgetBefore(nowSeconds: number): number[] {
    const firstKnown = Math.floor((nowSeconds - SIGNATURE_WINDOW_SECONDS) / SLICE_SECONDS);
    if (firstKnown <= this.firstKnown) return [];
    this.firstKnown = firstKnown;
    const forgotten = [...this.slices.keys()].filter((slice) => slice < firstKnown);
    for (const slice of forgotten) this.slices.delete(slice);
    return forgotten;
  }

  private countOf(keyId: string): number {
    let total = 0;
    for (const { countByKey } of this.slices.values()) total += countByKey.get(keyId) ?? 0;
    return total;
  }

  private sliceAt(slice: number): Slice {
    const known = this.slices.get(slice);
    if (known !== undefined) return known;
    const created = { table: new FingerprintTable(4), countByKey: new Map<string, number>() };
    this.slices.set(slice, created);
    return created;
  }
}

/** Nonces of different secrets have nothing to do with each other. */
export function nonceOf({ keyId, nonce, created }: RequestSignature): TakenNonce {
  const hash = createHash("sha256").update(`${keyId}\n${nonce}`).digest();
  return {
    slice: Math.floor(created / SLICE_SECONDS),
    fingerprint: hash.subarray(0, FINGERPRINT_BYTES),
  };
}

const words = new Uint32Array(FINGERPRINT_BYTES / 4);
const wordBytes = new Uint8Array(words.buffer);

function wordsOf(fingerprint: Uint8Array): Uint32Array {
  wordBytes.set(fingerprint);
  return words;
}
