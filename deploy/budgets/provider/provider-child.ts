import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ProviderOptions } from "./billing-provider.ts";
import type { BilledAttempt, ProviderTotals, TokenPrices } from "./provider-log.ts";
import type { ProviderAnswer, ProviderCommand } from "./provider-process.ts";

/** The billing provider in a process of its own: the fleet's load does not slow its clock down. */
export class ProviderChild {
  readonly #child: ChildProcess;
  readonly url: string;
  /** One question at a time: answers have no names. */
  #asked: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(options: ProviderOptions): Promise<ProviderChild> {
    const child = fork(join(import.meta.dirname, "provider-process.ts"), {
      serialization: "advanced",
    });
    const answer = await ask(child, { command: "start", options });
    if (answer.kind !== "started") throw new Error("the provider did not start");
    return new ProviderChild(child, answer.url);
  }

  async changePrices(prices: TokenPrices): Promise<void> {
    await this.#ask({ command: "change-prices", prices });
  }

  async log(): Promise<readonly BilledAttempt[]> {
    const answer = await this.#ask({ command: "log" });
    return answer.kind === "log" ? answer.attempts : [];
  }

  async totals(): Promise<ProviderTotals> {
    const answer = await this.#ask({ command: "totals" });
    if (answer.kind !== "totals") throw new Error("the provider answered another question");
    return answer.totals;
  }

  #ask(command: ProviderCommand): Promise<ProviderAnswer> {
    const answered = this.#asked.then(() => ask(this.#child, command));
    this.#asked = answered;
    return answered;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

async function ask(child: ChildProcess, command: ProviderCommand): Promise<ProviderAnswer> {
  child.send(command);
  const [answer] = (await once(child, "message")) as [ProviderAnswer];
  return answer;
}
