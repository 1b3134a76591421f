import { CONTROL_SNAPSHOT_FILE, parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { PUBLIC_KEY_ID_PATTERN } from "@lensai/otel-config/signing/ed25519";
import { openEnvelope, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import { indexSnapshot } from "./index-snapshot.ts";
import type { BuiltInControl, ControlIndex } from "./index-snapshot.ts";
import { LastGoodCopy } from "./last-good-copy.ts";

export interface SnapshotKeeperOptions {
  /** Folder of the last good copy and of the console's public key. */
  readonly dataDir: string;
  /** The only key whose snapshots count; undefined: that of the first snapshot, from then on. */
  readonly publicKey: string | undefined;
  readonly builtIn: BuiltInControl;
  readonly nowMs: () => number;
  /** Told when `current` has become another. */
  readonly onChange?: (() => void) | undefined;
}

const KEY_FILE = "control-public-key";

/**
 * The control state: the newest snapshot that was taken, else the last good copy on disk, else what is built in.
 * Only snapshots of one console are taken (by its signature), and none that is older than the one in use, so that
 * nobody on the way can release a switch or bring a revoked key back.
 */
export class SnapshotKeeper {
  private readonly options: SnapshotKeeperOptions;
  private readonly copy: LastGoodCopy;
  private readonly keyCopy: LastGoodCopy;
  private index: ControlIndex;
  private publicKey: string | undefined;
  private isPinned = false;
  private confirmedAtMs: number | undefined;
  private copiedVersion: number | undefined;

  constructor(options: SnapshotKeeperOptions) {
    this.options = options;
    this.copy = new LastGoodCopy(options.dataDir, CONTROL_SNAPSHOT_FILE);
    this.keyCopy = new LastGoodCopy(options.dataDir, KEY_FILE);
    this.index = indexSnapshot(undefined, options.builtIn);
    this.publicKey = options.publicKey;
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

  /**
   * The version that need not be sent again. Undefined until it is on disk: after a restart an old copy would bring
   * revoked keys back.
   */
  get keptVersion(): number | undefined {
    return this.index.snapshot?.version === this.copiedVersion ? this.copiedVersion : undefined;
  }

  /** Reads what an earlier run has kept. Rejects with what makes it unusable; then there is none. */
  async open(): Promise<void> {
    await this.readKey();
    const text = await this.copy.read();
    if (text === undefined) return;
    const { snapshot } = this.verified(text);
    this.index = indexSnapshot(snapshot, this.options.builtIn);
    this.copiedVersion = snapshot.version;
    this.options.onChange?.();
  }

  /** The console says that what is known still holds. */
  confirm(): void {
    this.confirmedAtMs = this.options.nowMs();
  }

  /**
   * Uses a signed snapshot from now on: at once, before anything is awaited; resolves when it is on disk. Rejects
   * when it is not one, or not the console's, or older than the one in use, which then stays.
   */
  async take(envelope: string): Promise<void> {
    const { snapshot, keyId } = this.verified(envelope);
    const current = this.index.snapshot;
    if (current !== undefined && snapshot.version < current.version) {
      throw new Error(
        `the console sent version ${snapshot.version}, which is older than ${current.version}`,
      );
    }
    this.publicKey = keyId;
    this.index = indexSnapshot(snapshot, this.options.builtIn);
    this.confirm();
    this.options.onChange?.();
    await this.keep(envelope, snapshot, keyId);
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.keyCopy.settled();
    await this.copy.settled();
  }

  private async keep(envelope: string, snapshot: ControlSnapshot, keyId: string): Promise<void> {
    try {
      if (!this.isPinned) await this.keyCopy.write(`${keyId}\n`);
      this.isPinned = true;
      await this.copy.write(envelope);
    } catch (cause) {
      throw new Error("the newest snapshot is in use, but its copy cannot be written", { cause });
    }
    this.copiedVersion = snapshot.version;
  }

  private verified(envelope: string): { snapshot: ControlSnapshot; keyId: string } {
    const expected = { payloadType: SNAPSHOT_PAYLOAD_TYPE, keyId: this.publicKey };
    const { payload, keyId } = openEnvelope(envelope, expected);
    return { snapshot: parseControlSnapshot(JSON.parse(payload)), keyId };
  }

  /** The setting wins over what was seen first. */
  private async readKey(): Promise<void> {
    const kept = (await this.keyCopy.read())?.trim();
    if (kept === undefined) return;
    if (!PUBLIC_KEY_ID_PATTERN.test(kept)) {
      throw new Error(
        `${KEY_FILE} does not hold a public key; put the console's there or remove it`,
      );
    }
    this.isPinned = this.publicKey === undefined || this.publicKey === kept;
    this.publicKey ??= kept;
  }
}
