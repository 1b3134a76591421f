import path from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import type { Component } from "../component.ts";
import type { Disk } from "../landing/disk.ts";
import { NonceFolder } from "./nonce-folder.ts";
import { NonceWindow, nonceOf } from "./nonce-window.ts";
import type { NonceVerdict, TakenNonce } from "./nonce-window.ts";
import type { RequestSignature } from "./request-signature.ts";

export interface ReplayGuardOptions {
  readonly disk: Disk;
  readonly dataDir: string;
  readonly nowMs: () => number;
}

interface WaitingNonce {
  readonly nonce: TakenNonce;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes every signature once, across restarts. Nonces that arrive together are written together. Only
 * requests whose signature and body hold may ask: what others send must cost nothing here.
 */
export class ReplayGuard implements Component {
  readonly name = "replay guard";
  private readonly nowMs: () => number;
  private readonly window = new NonceWindow();
  private readonly folder: NonceFolder;
  private waiting: WaitingNonce[] = [];
  private writing: Promise<void> | undefined;

  constructor({ disk, dataDir, nowMs }: ReplayGuardOptions) {
    this.nowMs = nowMs;
    this.folder = new NonceFolder(disk, path.join(dataDir, "nonces"));
  }

  /** After the data folder is this process's own. */
  async start(): Promise<void> {
    await this.folder.load(this.window);
    await this.folder.remove(this.window.forgetBefore(this.nowSeconds()));
  }

  async stop(): Promise<void> {
    await this.writing;
    await this.folder.close();
  }

  /**
   * Resolves when a replay would be refused even after a crash. Throws LensError `auth.signature_replayed`,
   * `auth.signature_stale`, `ingest.rate_limited`, and `ingest.storage_behind` when the disk takes no more.
   */
  async takeOnce(signature: RequestSignature): Promise<void> {
    const nonce = nonceOf(signature);
    const verdict = this.window.take(signature.keyId, nonce);
    if (verdict !== "new") throw refusalOf(verdict, signature);
    await new Promise<void>((resolve, reject) => {
      this.waiting.push({ nonce, resolve, reject });
      this.writing ??= this.write();
    });
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.folder.append(batch.map(({ nonce }) => nonce));
        for (const { resolve } of batch) resolve();
        await this.folder.remove(this.window.forgetBefore(this.nowSeconds()));
      } catch (cause) {
        for (const { reject } of batch) reject(diskRefuses(cause));
      }
    }
    this.writing = undefined;
  }

  private nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }
}

function refusalOf(
  verdict: Exclude<NonceVerdict, "new">,
  { keyId, created }: RequestSignature,
): LensError {
  switch (verdict) {
    case "replayed":
      return new LensError(
        "auth.signature_replayed",
        "a request with this signature's nonce was taken before; sign every attempt anew",
        { details: { problem: "nonce_replayed" } },
      );
    case "forgotten":
      return new LensError(
        "auth.signature_stale",
        `the clock of this collector was set back, and what was signed at ${created} cannot be told from a replay; sign again later`,
        { details: { problem: "created_too_old" } },
      );
    case "full":
      return new LensError(
        "ingest.rate_limited",
        `too many signatures in a few minutes, last by ${keyId}; send larger batches`,
        { retryable: true, retryAfterSeconds: 5 },
      );
  }
}

function diskRefuses(cause: unknown): LensError {
  return new LensError(
    "ingest.storage_behind",
    "the collector cannot write to its disk; send again in a moment",
    { retryable: true, retryAfterSeconds: 5, cause },
  );
}
