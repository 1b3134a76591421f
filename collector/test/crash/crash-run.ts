import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { spanId } from "../landing/test-rows.ts";
import { seededRandom } from "./seeded-random.ts";

/** What is killed: a Node program that prints a line of JSON with its port, and how to send it spans. */
export interface CrashTarget {
  /** File and arguments of the n-th life. */
  readonly command: (life: number) => readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** The port in a line that says the process accepts requests; undefined for any other line. */
  readonly portIn: (line: Readonly<Record<string, unknown>>) => unknown;
  /** Sends these spans in one request and resolves to the HTTP status; rejects when the connection breaks. */
  readonly send: (port: number, ids: readonly string[]) => Promise<number>;
  /** Called before the life that is not killed. */
  readonly beforeLastLife?: () => void;
  /** Awaited in the last life when every request is acknowledged, before SIGTERM. */
  readonly settle?: (port: number) => Promise<void>;
}

export interface CrashOptions {
  readonly seed: number;
  /** Kills of a process that was accepting requests. On top of them some come while it starts or replays. */
  readonly kills: number;
  /** A life ends at a random moment up to this long after its process began to accept (or to start). */
  readonly lifeMsMax: number;
  readonly clients: number;
}

export interface CrashResult {
  /** Spans that were answered with 200. */
  readonly acknowledged: ReadonlySet<string>;
  readonly requests: number;
  readonly retries: number;
  /** Requests that were sent again although they had been answered with 200. */
  readonly repeats: number;
  /** Kills that met a process which was not yet accepting requests. */
  readonly earlyKills: number;
  readonly killsUnderLoad: number;
}

/**
 * Sends spans from several clients, each of which repeats a request until it is acknowledged, while the
 * process is killed with SIGKILL again and again. Ends with every request acknowledged and the process
 * drained and stopped by SIGTERM.
 */
export async function crashRun(target: CrashTarget, options: CrashOptions): Promise<CrashResult> {
  const run = new Run(target, options);
  const clients = Promise.all(
    Array.from({ length: options.clients }, (_, client) => run.client(client)),
  );
  clients.catch(() => undefined); // awaited at the end
  const random = seededRandom(options.seed);
  while (run.killsUnderLoad < options.kills) {
    const life = run.start();
    if (random() > EARLY_SHARE) await run.untilAccepting();
    await delay(random() * options.lifeMsMax);
    if (run.port === undefined) run.earlyKills += 1;
    else run.killsUnderLoad += 1;
    await life.end("SIGKILL");
  }
  target.beforeLastLife?.();
  const last = run.start();
  const port = await run.untilAccepting();
  await run.untilRepeated();
  run.isEnding = true;
  await clients;
  await target.settle?.(port);
  const code = await last.end("SIGTERM");
  if (code !== 0) throw new Error(`the process ended with ${code} instead of 0`);
  return run;
}

interface Life {
  /** Sends the signal and resolves to the exit code. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

const IDS_PER_REQUEST_MAX = 40;
const REPEAT_SHARE = 0.2;
const EARLY_SHARE = 0.2;
const RETRY_PAUSE_MS = 5;
const FAILURE_TEXT_MAX = 4000;

class Run implements CrashResult {
  readonly acknowledged = new Set<string>();
  requests = 0;
  retries = 0;
  repeats = 0;
  earlyKills = 0;
  killsUnderLoad = 0;
  port: number | undefined;
  isEnding = false;
  private failure: string | undefined;
  /** The last lines of the process, for the report of a failure. */
  private written = "";
  private lives = 0;
  private readonly target: CrashTarget;
  private readonly options: CrashOptions;

  constructor(target: CrashTarget, options: CrashOptions) {
    this.target = target;
    this.options = options;
  }

  start(): Life {
    const args = this.target.command(this.lives);
    this.lives += 1;
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...this.target.env,
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      },
    });
    let isWanted = true;
    this.written = "";
    const exited = new Promise<number | null>((resolve) => {
      child.once("close", (code) => {
        if (isWanted) this.fail(`the process ended with ${code}`);
        resolve(code);
      });
    });
    this.readLines(child);
    return {
      end: async (signal) => {
        isWanted = false;
        child.kill(signal);
        const code = await exited;
        this.port = undefined;
        return code;
      },
    };
  }

  /** Resolves to the port. */
  async untilAccepting(): Promise<number> {
    while (this.port === undefined) {
      if (this.failure !== undefined) throw new Error(this.failure);
      await delay(RETRY_PAUSE_MS);
    }
    return this.port;
  }

  /** Between the kills a slow machine has time for a few requests only. */
  async untilRepeated(): Promise<void> {
    while (this.repeats === 0) {
      if (this.failure !== undefined) throw new Error(this.failure);
      await delay(RETRY_PAUSE_MS);
    }
  }

  /** One client: new requests, and now and then an old one again, until the run ends. */
  async client(number: number): Promise<void> {
    const random = seededRandom(this.options.seed + 1000 + number);
    const sent: string[][] = [];
    for (let from = number * 2 ** 32 + 1; !this.isEnding; from += IDS_PER_REQUEST_MAX) {
      const count = 1 + Math.floor(random() * IDS_PER_REQUEST_MAX);
      const ids = Array.from({ length: count }, (_, index) => spanId(from + index));
      await this.sendUntilAcknowledged(ids);
      sent.push(ids);
      if (random() > REPEAT_SHARE) continue;
      this.repeats += 1;
      await this.sendUntilAcknowledged(sent[Math.floor(random() * sent.length)] ?? ids);
    }
  }

  private async sendUntilAcknowledged(ids: readonly string[]): Promise<void> {
    this.requests += 1;
    while (!(await this.trySend(ids))) {
      if (this.failure !== undefined) throw new Error(this.failure);
      this.retries += 1;
      await delay(RETRY_PAUSE_MS);
    }
    for (const id of ids) this.acknowledged.add(id);
  }

  private async trySend(ids: readonly string[]): Promise<boolean> {
    const { port } = this;
    if (port === undefined) return false;
    let status: number;
    try {
      status = await this.target.send(port, ids);
    } catch {
      return false; // killed while it was answering: the client does not know, and sends again
    }
    if (status !== 200 && status !== 503) this.fail(`answered ${status}`);
    return status === 200;
  }

  private fail(reason: string): void {
    this.failure ??= `${reason}; it wrote: ${this.written}`;
  }

  /** Programs say their port on either stream. */
  private readLines(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        this.written = `${this.written}${line}\n`.slice(-FAILURE_TEXT_MAX);
        const isAlive = child.exitCode === null && child.signalCode === null;
        if (!isAlive || !line.startsWith("{")) return;
        const port = this.target.portIn(JSON.parse(line) as Record<string, unknown>);
        if (typeof port === "number") this.port = port;
      });
    }
  }
}
