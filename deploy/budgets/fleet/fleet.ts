import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { join } from "node:path";
import type { TokenPrices } from "../provider/provider-log.ts";
import type { AppCommand, AppOptions, AppReport, AppRun, RefusedCall } from "./app-options.ts";

const APP = join(import.meta.dirname, "app.ts");
/** The provider and what keeps the budgets stand for other machines: hundreds of callers do not take their turns. */
const NICENESS = 5;
/** Starting is all work of the processor: more at once are not up sooner. */
const STARTING_MAX = 4;

/** How the process at this place is started: what loads the instrumentation, and its settings. */
export interface ProcessSettings {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface FleetOptions {
  readonly processes: number;
  readonly app: Omit<AppOptions, "process">;
  readonly settingsOf: (place: number) => ProcessSettings;
}

interface RunningApp {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** Resolves when it makes no calls any more, or never will. */
  stopped: Promise<void>;
  onStopped: () => void;
}

/**
 * Processes that call the provider until they are told to stop, one run after the other. A process that is killed can
 * be started again.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #apps: RunningApp[] = [];
  readonly #starts: number[] = [];
  #run: AppRun | undefined;
  /** In the run that is on. */
  refused: RefusedCall[] = [];
  /** How often calls failed for other reasons. */
  readonly failures = new Map<string, number>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#options.processes;
  }

  /** Resolves when every process is ready for `go`. */
  async start(): Promise<void> {
    const places = Array.from({ length: this.#options.processes }, (_, place) => place);
    // What the first one has compiled, the others need not.
    await this.#startApp(places.shift() ?? 0);
    const starting = Array.from({ length: STARTING_MAX }, async () => {
      for (let place = places.shift(); place !== undefined; place = places.shift())
        await this.#startApp(place);
    });
    await Promise.all(starting);
  }

  go(run: AppRun): void {
    this.#run = run;
    this.refused = [];
    for (const app of this.#apps) tell(app, run);
  }

  changePrices(prices: TokenPrices): void {
    this.#tellAll({ command: "change-prices", prices });
  }

  /** SIGKILL: nothing of what the process knew is told to anybody. */
  async kill(place: number): Promise<void> {
    const app = this.#apps[place];
    app?.child.kill("SIGKILL");
    await app?.exited;
  }

  async restart(place: number): Promise<void> {
    await this.#startApp(place);
    const app = this.#apps[place];
    if (app !== undefined && this.#run !== undefined) tell(app, this.#run);
  }

  /** Lets the calls that run come to their end; the processes wait for another run. */
  async stop(): Promise<void> {
    this.#tellAll({ command: "stop" });
    await Promise.all(this.#apps.map(({ stopped }) => stopped));
    this.#run = undefined;
  }

  /** Lets every process come to its end. */
  async end(): Promise<void> {
    this.#tellAll({ command: "end" });
    await Promise.all(this.#apps.map(({ exited }) => exited));
  }

  /** Whatever still runs is killed. */
  async destroy(): Promise<void> {
    for (const { child } of this.#apps) child.kill("SIGKILL");
    await Promise.all(this.#apps.map(({ exited }) => exited));
  }

  async #startApp(place: number): Promise<void> {
    const starts = (this.#starts[place] = (this.#starts[place] ?? 0) + 1);
    const { app, settingsOf } = this.#options;
    const { execArgv, env } = settingsOf(place);
    const appOptions: AppOptions = { ...app, process: `${place}.${starts}` };
    const child = fork(APP, {
      execArgv: ["--no-warnings", ...execArgv],
      env: { PATH: process.env["PATH"], ...env, FLEET_APP: JSON.stringify(appOptions) },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    if (child.pid !== undefined) setPriority(child.pid, NICENESS);
    const exited = once(child, "exit");
    const running: RunningApp = {
      child,
      exited,
      stopped: Promise.resolve(),
      onStopped: () => undefined,
    };
    this.#apps[place] = running;
    void exited.then(() => running.onStopped());
    const ready = new Promise<void>((resolve) => {
      child.on("message", (report: AppReport) => {
        if (report.kind === "ready") resolve();
        else if (report.kind === "stopped") running.onStopped();
        else this.#note(report);
      });
    });
    const ended = exited.then(() => {
      throw new Error(`process ${place} of the fleet ended at its start`);
    });
    ended.catch(() => undefined);
    await Promise.race([ready, ended]);
  }

  #note(report: AppReport): void {
    if (report.kind === "refused") this.refused.push(report);
    if (report.kind !== "failed") return;
    this.failures.set(report.reason, (this.failures.get(report.reason) ?? 0) + 1);
  }

  #tellAll(command: AppCommand): void {
    for (const { child } of this.#apps) if (child.connected) child.send(command);
  }
}

function tell(app: RunningApp, run: AppRun): void {
  app.stopped = new Promise((resolve) => {
    app.onStopped = resolve;
  });
  app.child.send({ command: "go", run } satisfies AppCommand);
}
