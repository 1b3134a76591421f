import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Job, JobResult } from "./app.ts";
import type { ProviderAddresses } from "./provider.ts";

const fileIn = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** An application in a process of its own. */
export class App {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `execArgv` is what loads an instrumentation, or nothing. */
  static async start(
    execArgv: readonly string[],
    { providerUrl, collectorUrl }: ProviderAddresses,
  ): Promise<App> {
    const child = fork(fileIn("app.ts"), {
      execArgv: ["--expose-gc", "--no-warnings", ...execArgv],
      env: {
        PATH: process.env["PATH"],
        PROVIDER_URL: providerUrl,
        OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
        OTEL_SERVICE_NAME: "bench",
        LENSAI_SIGNING_KEY_ID: "sec_bench",
        LENSAI_SIGNING_SECRET: Buffer.alloc(32, 1).toString("base64"),
      },
    });
    await once(child, "message");
    return new App(child);
  }

  async do(job: Job): Promise<JobResult> {
    this.#child.send(job);
    const [result] = (await once(this.#child, "message")) as [JobResult];
    return result;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

export const REGISTER: readonly string[] = ["--import", fileIn("../src/register.ts")];

/** The same without the export of spans. */
export const UNEXPORTED: readonly string[] = ["--import", fileIn("without-export.ts")];

/** The same, told how long of it is on the way of a call. */
export const MARKED: readonly string[] = ["--import", fileIn("path-marks.ts")];

/** The provider and the collector. */
export class Servers {
  readonly addresses: ProviderAddresses;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, addresses: ProviderAddresses) {
    this.#child = child;
    this.addresses = addresses;
  }

  static async start(): Promise<Servers> {
    const child = fork(fileIn("provider.ts"), { execArgv: ["--no-warnings"] });
    const [addresses] = (await once(child, "message")) as [ProviderAddresses];
    return new Servers(child, addresses);
  }

  /** Lets all streams that are held go on to their end. */
  async release(): Promise<void> {
    this.#child.send("release");
    await once(this.#child, "message");
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
