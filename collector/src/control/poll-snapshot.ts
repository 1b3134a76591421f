import { randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import type { Component } from "../component.ts";
import { indexSnapshot } from "./index-snapshot.ts";
import type { BuiltInControl, ControlIndex } from "./index-snapshot.ts";

export interface ControlPollOptions {
  /** Base URL of the console; undefined: no console, only what is built in. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly intervalMs: number;
  /** Folder of the last good copy. */
  readonly dataDir: string;
  readonly builtIn: BuiltInControl;
  readonly nowMs: () => number;
  /** Told once per change of fortune: when polls begin to fail, with the reason, and when they recover. */
  readonly onState: (problem: string | undefined) => void;
  /** Told when `current` has become another. */
  readonly onChange?: () => void;
}

/** A console that does not answer in this time is down; the last good copy is used meanwhile. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Polls of a dead console slow down to this. */
const BACKOFF_MS_MAX = 30_000;

/** A snapshot of 10,000 projects and keys is about 3 MB. */
const SNAPSHOT_BYTES_MAX = 32 * 1024 * 1024;

const FILE_NAME = "control-snapshot.json";

/**
 * Keeps the control state: the console's newest snapshot, else the last good copy on disk, else what is
 * built in. Start never waits for the console: a collector must ingest while the console is down.
 */
export class ControlPoll implements Component {
  readonly name = "control poll";
  private readonly options: ControlPollOptions;
  private index: ControlIndex;
  private etag: string | undefined;
  private confirmedAtMs: number | undefined;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopped = new AbortController();
  private polling: Promise<void> = Promise.resolve();

  constructor(options: ControlPollOptions) {
    this.options = options;
    this.index = indexSnapshot(undefined, options.builtIn);
  }

  current(): ControlIndex {
    return this.index;
  }

  /** Milliseconds since the console last confirmed the state; undefined when it never did. */
  ageMs(): number | undefined {
    return this.confirmedAtMs === undefined ? undefined : this.options.nowMs() - this.confirmedAtMs;
  }

  /**
   * Milliseconds that what is known is old: since it was confirmed or, of a last good copy that nobody has
   * confirmed yet, since it was issued. Undefined when nobody issues anything.
   */
  stalenessMs(): number | undefined {
    const { snapshot } = this.index;
    if (this.confirmedAtMs !== undefined || snapshot === undefined) return this.ageMs();
    const issuedAtMs = Date.parse(snapshot.issuedAt);
    return Number.isNaN(issuedAtMs) ? undefined : this.options.nowMs() - issuedAtMs;
  }

  async start(): Promise<void> {
    const lastGood = await this.readLastGood();
    if (lastGood !== undefined) this.index = indexSnapshot(lastGood, this.options.builtIn);
    if (this.options.url !== undefined) this.schedule(0);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    clearTimeout(this.timer);
    await this.polling;
  }

  private schedule(delayMs: number): void {
    if (this.stopped.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.polling = this.poll();
    }, delayMs);
    this.timer.unref();
  }

  private async poll(): Promise<void> {
    try {
      await this.refresh();
      if (this.failures > 0) this.options.onState(undefined);
      this.failures = 0;
    } catch (error) {
      if (this.stopped.signal.aborted) return;
      this.failures += 1;
      if (this.failures === 1) this.options.onState(reasonOf(error));
    }
    const { intervalMs } = this.options;
    const backoff = intervalMs * 2 ** Math.min(this.failures, 10);
    this.schedule(
      this.failures === 0 ? intervalMs : Math.max(intervalMs, Math.min(backoff, BACKOFF_MS_MAX)),
    );
  }

  private async refresh(): Promise<void> {
    const { url, token, builtIn, nowMs } = this.options;
    const response = await fetch(new URL("internal/control", `${url}/`), {
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(this.etag !== undefined && { "if-none-match": this.etag }),
      },
      redirect: "error",
      signal: AbortSignal.any([this.stopped.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    if (response.status === 304) {
      this.confirmedAtMs = nowMs();
      return;
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the console answered ${response.status}`);
    }
    const text = await textOf(response);
    const snapshot = parseControlSnapshot(JSON.parse(text));
    this.index = indexSnapshot(snapshot, builtIn);
    this.confirmedAtMs = nowMs();
    this.options.onChange?.();
    // Without an ETag until the copy is on disk, so that the next poll tries to write it again: after a
    // restart an old copy would bring revoked keys back.
    this.etag = undefined;
    await this.writeLastGood(text);
    this.etag = response.headers.get("etag") ?? undefined;
  }

  private async readLastGood(): Promise<ControlSnapshot | undefined> {
    if (this.options.url === undefined) return undefined;
    try {
      const text = await readFile(path.join(this.options.dataDir, FILE_NAME), "utf8");
      return parseControlSnapshot(JSON.parse(text));
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isMissing) this.options.onState(`the last good copy is unusable: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** Key hashes and project names are nobody else's business: 0600. Replaced as a whole or not at all. */
  private async writeLastGood(text: string): Promise<void> {
    const { dataDir } = this.options;
    const temporary = path.join(dataDir, `${FILE_NAME}.${randomUUID()}.tmp`);
    try {
      await mkdir(dataDir, { recursive: true });
      await writeFile(temporary, text, { mode: 0o600, flush: true });
      await chmod(temporary, 0o600);
      await rename(temporary, path.join(dataDir, FILE_NAME));
    } catch (cause) {
      await rm(temporary, { force: true });
      throw new Error("the newest snapshot is in use, but its copy cannot be written", { cause });
    }
  }
}

/** The body, as far as the limit goes. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > SNAPSHOT_BYTES_MAX) {
      throw new Error(
        `the snapshot has more than ${SNAPSHOT_BYTES_MAX} bytes: delete keys that nobody uses`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
