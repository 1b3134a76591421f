import { setTimeout as delay } from "node:timers/promises";
import type { Child } from "./child-process.ts";
import type { Guard } from "./guard.ts";

/**
 * Starts the process of one part and resolves when it is ready; rejects when it ends before. `adopt` takes care of the
 * process from its first moment: also when it never gets ready.
 */
export type StartPart = (adopt: (child: Child) => void) => Promise<void>;

export interface SupervisorOptions {
  readonly guard: Pick<Guard, "watch" | "forget">;
  readonly say: (line: string) => void;
  /** A clock that nobody sets. */
  readonly nowMs: () => number;
}

/** A part and its process of now. */
interface Slot {
  readonly start: StartPart;
  child: Child | undefined;
  /** When its processes ended lately. */
  endedMs: number[];
}

/** What ends so often within a minute would end again: somebody has to look. */
const ENDS_MAX = 5;
const ENDS_WINDOW_MS = 60_000;
/** Before the first new start, doubling with each further end within the window. */
const PAUSE_MIN_MS = 250;

/** Keeps the parts of a stack running: a process that ends by itself is started again, while the others go on. */
export class Supervisor {
  /** Settles with a message when a part cannot be kept running. */
  readonly failed: Promise<string>;
  private readonly options: SupervisorOptions;
  private readonly slots: Slot[] = [];
  private readonly keeping: Promise<void>[] = [];
  private readonly stopping = new AbortController();
  private readonly fail: (message: string) => void;

  constructor(options: SupervisorOptions) {
    this.options = options;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.failed = promise;
    this.fail = resolve;
  }

  /** For what a start does besides: nothing should be begun any more when it is aborted. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Starts a part for the first time. A failure of that is for whoever asked. */
  async start(start: StartPart): Promise<void> {
    this.signal.throwIfAborted();
    const slot: Slot = { start, child: undefined, endedMs: [] };
    this.slots.push(slot);
    await this.begin(slot);
    this.keeping.push(this.keep(slot));
  }

  /** What started last stops first: nobody loses a service that it still needs. Safe twice. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.stopChildren();
    // A new start that was under way notices; what it had begun is stopped, too.
    await Promise.all(this.keeping);
    await this.stopChildren();
  }

  private async stopChildren(): Promise<void> {
    for (const { child } of this.slots.toReversed()) await child?.stop();
  }

  private begin(slot: Slot): Promise<void> {
    return slot.start((child) => {
      slot.child = child;
      this.options.guard.watch(child.pid, child.stopSignal);
    });
  }

  private async keep(slot: Slot): Promise<void> {
    for (;;) {
      const { child } = slot;
      const how = await child?.exited;
      if (child === undefined || how === undefined || this.signal.aborted) return;
      // Its number may soon be that of a stranger.
      this.options.guard.forget(child.pid);
      const pauseMs = this.pauseAfterEnd(slot);
      if (pauseMs === undefined) {
        this.fail(
          `${child.name} ended unexpectedly (${how}), ${ENDS_MAX} times within a minute; its last words:\n${child.logTail()}`,
        );
        return;
      }
      this.options.say(`${child.name} ended unexpectedly (${how}): it is started again`);
      await this.restart(slot, child.name, pauseMs);
    }
  }

  /** Undefined: it has ended too often. */
  private pauseAfterEnd(slot: Slot): number | undefined {
    const nowMs = this.options.nowMs();
    slot.endedMs = [...slot.endedMs.filter((ms) => nowMs - ms < ENDS_WINDOW_MS), nowMs];
    const ends = slot.endedMs.length;
    return ends < ENDS_MAX ? PAUSE_MIN_MS * 2 ** (ends - 1) : undefined;
  }

  /** When its new process ends before it is ready, that is one more end. */
  private async restart(slot: Slot, name: string, pauseMs: number): Promise<void> {
    const { signal, options } = this;
    try {
      await delay(pauseMs, undefined, { signal });
      await this.begin(slot);
      options.say(`${name} works again`);
    } catch (error) {
      if (signal.aborted || slot.child?.hasExited() === true) return;
      options.say(
        `${name} is not ready: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
