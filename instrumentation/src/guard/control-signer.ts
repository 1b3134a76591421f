import type { SigningSource } from "../export/export-settings.ts";
import { keysOfSource } from "../export/keys-of-source.ts";
import { signExport } from "../export/sign-export.ts";
import type { SigningKeys } from "../export/signing-keys.ts";

export interface ControlRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Empty for one without. */
  readonly body: string;
}

export interface ControlSignerOptions {
  readonly keys: SigningKeys;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** At least 16 characters that were never there before. */
  readonly nonce: () => string;
}

const CONTENT_TYPE = "application/json";
const MS_PER_SECOND = 1000;

/**
 * Signs what a process asks a collector about its policy and its leases, as exports are signed: a signing secret alone
 * is enough to be told.
 */
export class ControlSigner {
  readonly #options: ControlSignerOptions;
  /** What the collector's clock is ahead of ours. */
  #clockOffsetMs = 0;
  #refusals = 0;

  constructor(options: ControlSignerOptions) {
    this.#options = options;
  }

  /** The header fields of the signature, with the content type that it covers. Rejects when there is no usable key. */
  async sign({ method, url, body }: ControlRequest): Promise<Readonly<Record<string, string>>> {
    const { keys, now, nonce } = this.#options;
    const known = await keys.read();
    // While a secret is replaced, the collector may know only one of the two.
    const key = known[this.#refusals % known.length];
    if (key === undefined) return {};
    const signature = await signExport(
      {
        method,
        path: new URL(url).pathname,
        contentType: CONTENT_TYPE,
        body: new TextEncoder().encode(body),
        created: Math.floor((now() + this.#clockOffsetMs) / MS_PER_SECOND),
        nonce: nonce(),
      },
      key,
    );
    return { ...signature, "content-type": CONTENT_TYPE };
  }

  /** The collector has answered 401: the next signature is made by its clock, and with the other key if there is one. */
  refused(date: string | undefined): void {
    const theirs = Date.parse(date ?? "");
    if (!Number.isNaN(theirs)) this.#clockOffsetMs = theirs - this.#options.now();
    this.#refusals += 1;
  }
}

/** Undefined where nothing is signed. */
export function controlSignerOf(signing: SigningSource | undefined): ControlSigner | undefined {
  if (signing === undefined) return undefined;
  return new ControlSigner({
    keys: keysOfSource(signing),
    now: Date.now,
    nonce: () => globalThis.crypto.randomUUID(),
  });
}
