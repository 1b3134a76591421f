import { setTimeout as delay } from "node:timers/promises";
import { withAttribution } from "@lensai/instrumentation/manual/attribution";
import { refusalOf } from "@lensai/instrumentation/guard/refusal-of";
import OpenAI from "openai";
import { MODEL, planCall } from "../call-plan.ts";
import type { CallPlan } from "../call-plan.ts";
import { monotonicMs } from "../monotonic.ts";
import { CALL_ID_HEADER } from "../provider/billing-provider.ts";
import { LIST_PRICES, billOf } from "../provider/provider-log.ts";
import type { TokenPrices } from "../provider/provider-log.ts";
import { createGate } from "../schemes/spend-gate.ts";
import type { Admission, SpendGate } from "../schemes/spend-gate.ts";
import { tokensOf, wordsOf } from "../words.ts";
import type { AppGate, AppOptions, AppReport, AppRun } from "./app-options.ts";

/** Pauses are between half of it and half as much again. */
const PAUSE_SPREAD = 0.5;
/** After a refusal, where callers do not pause for longer anyway. */
const RETRY_MS = 10_000;
/** Callers begin within this time, where they do not pause for longer. */
const SPREAD_MS = 8_000;
const SYNC_INTERVAL_MS = 60_000;

/** The calls that one process makes in one run. */
export class AppCalls {
  readonly #options: AppOptions;
  readonly #client: OpenAI;
  readonly #gate: SpendGate | undefined;
  readonly #report: (what: AppReport) => void;
  readonly #stopping = new AbortController();
  readonly #scheme: string;
  #prices = LIST_PRICES;

  constructor(
    options: AppOptions,
    { providerUrl, gate }: AppRun,
    report: (what: AppReport) => void,
  ) {
    this.#options = options;
    this.#report = report;
    this.#scheme = gate?.scheme ?? "lensai";
    this.#client = new OpenAI({ apiKey: "sk-none", baseURL: `${providerUrl}/v1`, maxRetries: 3 });
    this.#gate = gate && gateOf(gate, options);
  }

  changePrices(prices: TokenPrices): void {
    this.#prices = prices;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async untilStopped(): Promise<void> {
    const callers = Array.from({ length: this.#options.callers }, (_, caller) =>
      this.#callUntilStopped(caller),
    );
    await Promise.all(callers);
    this.#gate?.close();
  }

  async #callUntilStopped(caller: number): Promise<void> {
    const { process, timeScale, pauseMs } = this.#options;
    await this.#pause(Math.random() * Math.max(SPREAD_MS * timeScale, pauseMs));
    for (let number = 0; !this.#stopping.signal.aborted; number += 1) {
      await this.#call(`${process}-${caller}-${number}`);
      await this.#pause(pauseMs * (1 + PAUSE_SPREAD * (2 * Math.random() - 1)));
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  async #call(callId: string): Promise<void> {
    const plan = planCall(this.#options.seed, callId);
    const admission = await this.#gate?.admit(plan, this.#prices);
    if (this.#gate !== undefined && admission === undefined) {
      await this.#refused(callId, plan, { isCutOff: false, reason: this.#scheme });
      return;
    }
    const seen = { inputTokens: 0, outputTokens: 0 };
    const admittedAt = this.#prices;
    try {
      // Its span says which of the provider's calls it is.
      await withAttribution({ feature: callId }, () =>
        this.#answerOf(callId, plan, { maxTokens: (admission ?? plan).maxTokens, seen }),
      );
    } catch (error) {
      await this.#failed(callId, plan, error);
    } finally {
      await this.#settle(admission, billOf(seen.inputTokens, seen.outputTokens, admittedAt));
    }
  }

  async #settle(admission: Admission | undefined, spentNanoUsd: bigint): Promise<void> {
    if (admission !== undefined) await this.#gate?.settle(admission, spentNanoUsd);
  }

  async #answerOf(
    callId: string,
    plan: CallPlan,
    { maxTokens, seen }: { readonly maxTokens: number | undefined; readonly seen: Seen },
  ): Promise<void> {
    const { completions } = this.#client.chat;
    const request = {
      model: MODEL,
      messages: [{ role: "user" as const, content: wordsOf(plan.inputTokens) }],
      n: plan.choices,
      ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    };
    const headers = { headers: { [CALL_ID_HEADER]: callId } };
    if (!plan.isStream) {
      const { usage } = await completions.create(request, headers);
      seen.inputTokens = usage?.prompt_tokens ?? 0;
      seen.outputTokens = usage?.completion_tokens ?? 0;
      return;
    }
    const stream = await completions.create({ ...request, stream: true }, headers);
    const leavesAt = (plan.leavesAfterShare ?? Infinity) * Math.max(...plan.outputTokens);
    seen.inputTokens = plan.inputTokens;
    for await (const { choices } of stream) {
      for (const { delta } of choices) seen.outputTokens += tokensOf(delta.content ?? "");
      if (seen.outputTokens > leavesAt) return;
    }
  }

  async #failed(callId: string, plan: CallPlan, error: unknown): Promise<void> {
    const stopped = refusalOf(error)?.refusal;
    if (stopped === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#report({ kind: "failed", process: this.#options.process, reason });
      return;
    }
    const isCutOff = stopped.kind === "budget" && stopped.isCutOff;
    await this.#refused(callId, plan, { isCutOff, reason: stopped.message });
  }

  async #refused(
    callId: string,
    { isStream }: CallPlan,
    why: { readonly isCutOff: boolean; readonly reason: string },
  ): Promise<void> {
    const { process, pauseMs } = this.#options;
    const atMs = monotonicMs();
    this.#report({ kind: "refused", process, callId, atMs, isStream, ...why });
    await this.#pause(Math.max(0, RETRY_MS - pauseMs));
  }
}

interface Seen {
  inputTokens: number;
  outputTokens: number;
}

function gateOf(
  { scheme, counterUrl, limitNanoUsd }: AppGate,
  { timeScale }: AppOptions,
): SpendGate {
  const syncIntervalMs = SYNC_INTERVAL_MS * timeScale;
  return createGate(scheme, { counterUrl, limitNanoUsd, syncIntervalMs });
}
