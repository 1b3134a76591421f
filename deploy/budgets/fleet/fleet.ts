import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TokenPrices } from "../provider/provider-log.ts";
import type { AppCommand, AppOptions, AppReport, RefusedCall } from "./app-options.ts";

const APP = join(import.meta.dirname, "app.ts");
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
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** Processes that call the provider until they are told to stop. A process that is killed can be started again. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #apps: RunningApp[] = [];
  readonly #starts: number[] = [];
  readonly refused: RefusedCall[] = [];
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
    const starting = Array.from({ length: STARTING_MAX }, async () => {
      for (let place = places.shift(); place !== undefined; place = places.shift())
        await this.#startApp(place);
    });
    await Promise.all(starting);
  }

  go(): void {
    this.#tellAll({ command: "go" });
  }

  changePrices(prices: TokenPrices): void {
    this.#tellAll({ command: "change-prices", prices });
  }

  /** SIGKILL: nothing of what the process knew is told to anybody. Answers with its name. */
  async kill(place: number): Promise<string> {
    const app = this.#apps[place];
    app?.child.kill("SIGKILL");
    await app?.exited;
    return app?.name ?? "";
  }

  async restart(place: number): Promise<void> {
    await this.#startApp(place);
    this.#apps[place]?.child.send({ command: "go" } satisfies AppCommand);
  }

  /** Lets the calls that run come to their end, and every process to its own. */
  async stop(): Promise<void> {
    this.#tellAll({ command: "stop" });
    await Promise.all(this.#apps.map(({ exited }) => exited));
  }

  /** Whatever still runs is killed. */
  async end(): Promise<void> {
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
    const exited = once(child, "exit");
    this.#apps[place] = { name: appOptions.process, child, exited };
    const ready = new Promise<void>((resolve) => {
      child.on("message", (report: AppReport) => {
        if (report.kind === "ready") resolve();
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
