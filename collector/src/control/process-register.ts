import type {
  Acknowledgement,
  ProcessIdentity,
  ProcessReport,
} from "@lensai/otel-config/control/acknowledgements";

/** Bounded memory: about 300 bytes each. Who comes later is served, and not counted. */
const PROCESSES_MAX = 20_000;

/** Who polls and has not asked for this long has gone. */
const POLL_SILENCE_MAX_MS = 60_000;

interface KnownProcess {
  readonly projectId: string;
  readonly identity: ProcessIdentity;
  kind: ProcessReport["kind"];
  version: number;
  /** By the collector's clock. */
  heldSinceMs: number;
  startedMs: number;
  /** Streams that are open: a process that reconnects has two for a moment. */
  streams: number;
  hasStreamed: boolean;
  seenMs: number;
}

/** The processes that have their policy from this collector, and what each of them keeps to. */
export class ProcessRegister {
  private readonly nowMs: () => number;
  private readonly onChange: () => void;
  private readonly processes = new Map<string, KnownProcess>();
  private changed = new Set<string>();

  /** `onChange` is told that there is something to report. */
  constructor(nowMs: () => number, onChange: () => void = () => {}) {
    this.nowMs = nowMs;
    this.onChange = onChange;
  }

  get size(): number {
    return this.processes.size;
  }

  get hasChanges(): boolean {
    return this.changed.size > 0;
  }

  /** A process reads its policy as a stream, until the answered function is called. */
  connected(projectId: string, identity: ProcessIdentity): () => void {
    const known = this.find(projectId, identity);
    if (known === undefined) return () => {};
    known.streams += 1;
    known.hasStreamed = true;
    this.note(known);
    return () => {
      known.streams -= 1;
      if (known.streams === 0) this.note(known);
    };
  }

  acknowledged(
    projectId: string,
    { version, heldMs, runningMs, ...identity }: Acknowledgement,
  ): void {
    const known = this.find(projectId, identity);
    if (known === undefined) return;
    known.kind = "guard";
    known.seenMs = this.nowMs();
    known.startedMs = known.seenMs - runningMs;
    if (version <= known.version) return;
    known.version = version;
    known.heldSinceMs = known.seenMs - heldMs;
    this.note(known);
  }

  /** A program was given the policy without a stream. It will not acknowledge; that it has it is all that is known. */
  polled(projectId: string, identity: ProcessIdentity, version: number): void {
    const known = this.find(projectId, identity);
    if (known === undefined) return;
    const wasSeenMs = known.seenMs;
    known.seenMs = this.nowMs();
    const isBack = known.seenMs - wasSeenMs > POLL_SILENCE_MAX_MS;
    if (known.kind === "guard" || (version <= known.version && !isBack)) return;
    if (version > known.version) known.heldSinceMs = known.seenMs;
    known.version = Math.max(version, known.version);
    this.note(known);
  }

  /** Notes those who have not asked for long: they have gone. */
  sweep(): void {
    for (const known of this.processes.values()) if (!this.isConnected(known)) this.note(known);
  }

  /** What has changed since it was taken last, at most so many. Those who have gone are forgotten with it. */
  takeChanged(count: number): readonly ProcessReport[] {
    const reports: ProcessReport[] = [];
    for (const key of this.changed) {
      if (reports.length === count) break;
      this.changed.delete(key);
      const known = this.processes.get(key);
      if (known === undefined) continue;
      reports.push(this.reportOf(known));
      if (!this.isConnected(known)) this.processes.delete(key);
    }
    return reports;
  }

  /** Everything counts as changed. */
  changeAll(): void {
    this.changed = new Set(this.processes.keys());
  }

  private find(projectId: string, identity: ProcessIdentity): KnownProcess | undefined {
    const key = keyOf(projectId, identity.instanceId);
    const known = this.processes.get(key);
    if (known !== undefined || this.processes.size >= PROCESSES_MAX) return known;
    const nowMs = this.nowMs();
    const added: KnownProcess = {
      projectId,
      identity,
      kind: "poller",
      version: 0,
      heldSinceMs: nowMs,
      startedMs: nowMs,
      streams: 0,
      hasStreamed: false,
      seenMs: nowMs,
    };
    this.processes.set(key, added);
    return added;
  }

  private note({ projectId, identity }: KnownProcess): void {
    const wasEmpty = this.changed.size === 0;
    this.changed.add(keyOf(projectId, identity.instanceId));
    if (wasEmpty) this.onChange();
  }

  private isConnected({ streams, hasStreamed, seenMs }: KnownProcess): boolean {
    if (hasStreamed) return streams > 0;
    return this.nowMs() - seenMs <= POLL_SILENCE_MAX_MS;
  }

  private reportOf(known: KnownProcess): ProcessReport {
    const nowMs = this.nowMs();
    const { projectId, identity, kind, version, heldSinceMs, startedMs } = known;
    return {
      projectId,
      ...identity,
      kind,
      version,
      heldMs: Math.max(0, nowMs - heldSinceMs),
      runningMs: Math.max(0, nowMs - startedMs),
      isConnected: this.isConnected(known),
    };
  }
}

const keyOf = (projectId: string, instanceId: string): string => `${projectId} ${instanceId}`;
