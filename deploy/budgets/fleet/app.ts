// One process of the fleet: an application that calls a model with a provider's SDK, several callers at once.
import { setTimeout as delay } from "node:timers/promises";
import { refusalOf } from "@lensai/instrumentation/guard/refusal-of";
import OpenAI from "openai";
import { MODEL, planCall } from "../call-plan.ts";
import type { CallPlan } from "../call-plan.ts";
import { monotonicMs } from "../monotonic.ts";
import { CALL_ID_HEADER } from "../provider/billing-provider.ts";
import { LIST_PRICES, billOf } from "../provider/provider-log.ts";
import { createGate } from "../schemes/spend-gate.ts";
import type { Admission, SpendGate } from "../schemes/spend-gate.ts";
import { tokensOf, wordsOf } from "../words.ts";
import type { AppCommand, AppOptions, AppReport } from "./app-options.ts";

const THINK_MS = 200;
/** After a refusal. */
const RETRY_MS = 5_000;
/** A caller begins within this time after the start. */
const SPREAD_MS = 8_000;

const options = JSON.parse(process.env["FLEET_APP"] ?? "{}") as AppOptions;
const { seed, timeScale } = options;
const client = new OpenAI({
  apiKey: "sk-none",
  baseURL: `${options.providerUrl}/v1`,
  maxRetries: 3,
});
const gate = gateOf(options);
let prices = LIST_PRICES;
const stopping = new AbortController();

const report = (what: AppReport): void => void process.send?.(what);

function gateOf({ scheme, counterUrl, limitNanoUsd }: AppOptions): SpendGate | undefined {
  if (scheme === "lensai" || counterUrl === undefined) return undefined;
  return createGate(scheme, {
    counterUrl,
    limitNanoUsd: BigInt(limitNanoUsd),
    syncIntervalMs: 60_000 * timeScale,
  });
}

async function call(callId: string): Promise<void> {
  const plan = planCall(seed, callId);
  const admission = await gate?.admit(plan, prices);
  if (gate !== undefined && admission === undefined) {
    await refused(callId, plan, { isCutOff: false, reason: options.scheme });
    return;
  }
  const seen = { inputTokens: 0, outputTokens: 0 };
  const admittedAt = prices;
  try {
    await answerOf(callId, plan, { maxTokens: (admission ?? plan).maxTokens, seen });
  } catch (error) {
    const stopped = refusalOf(error)?.refusal;
    if (stopped === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      report({ kind: "failed", process: options.process, reason });
    } else {
      const isCutOff = stopped.kind === "budget" && stopped.isCutOff;
      await refused(callId, plan, { isCutOff, reason: stopped.message });
    }
  } finally {
    await settle(admission, billOf(seen.inputTokens, seen.outputTokens, admittedAt));
  }
}

async function settle(admission: Admission | undefined, spentNanoUsd: bigint): Promise<void> {
  if (admission !== undefined) await gate?.settle(admission, spentNanoUsd);
}

interface Seen {
  inputTokens: number;
  outputTokens: number;
}

async function answerOf(
  callId: string,
  plan: CallPlan,
  { maxTokens, seen }: { readonly maxTokens: number | undefined; readonly seen: Seen },
): Promise<void> {
  const request = {
    model: MODEL,
    messages: [{ role: "user" as const, content: wordsOf(plan.inputTokens) }],
    n: plan.choices,
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  };
  const headers = { headers: { [CALL_ID_HEADER]: callId } };
  if (!plan.isStream) {
    const { usage } = await client.chat.completions.create(request, headers);
    seen.inputTokens = usage?.prompt_tokens ?? 0;
    seen.outputTokens = usage?.completion_tokens ?? 0;
    return;
  }
  const stream = await client.chat.completions.create({ ...request, stream: true }, headers);
  const leavesAt = (plan.leavesAfterShare ?? Infinity) * Math.max(...plan.outputTokens);
  seen.inputTokens = plan.inputTokens;
  for await (const { choices } of stream) {
    for (const { delta } of choices) seen.outputTokens += tokensOf(delta.content ?? "");
    if (seen.outputTokens > leavesAt) return;
  }
}

async function refused(
  callId: string,
  { isStream }: CallPlan,
  why: { readonly isCutOff: boolean; readonly reason: string },
): Promise<void> {
  report({
    kind: "refused",
    process: options.process,
    callId,
    atMs: monotonicMs(),
    isStream,
    ...why,
  });
  await delay(RETRY_MS * timeScale);
}

async function callUntilStopped(caller: number): Promise<void> {
  await delay(Math.random() * SPREAD_MS * timeScale);
  for (let number = 0; !stopping.signal.aborted; number += 1) {
    await call(`${options.process}-${caller}-${number}`);
    await delay(THINK_MS * timeScale);
  }
}

async function obey(asked: AppCommand): Promise<void> {
  if (asked.command === "change-prices") prices = asked.prices;
  if (asked.command === "stop") stopping.abort();
  if (asked.command !== "go") return;
  await Promise.all(
    Array.from({ length: options.callers }, (_, caller) => callUntilStopped(caller)),
  );
  report({ kind: "stopped" });
  // The channel would keep it alive; what ends by itself sends its spans and gives its leases back.
  process.disconnect();
}

// Whoever started it has gone before the end.
process.on("disconnect", () => {
  if (!stopping.signal.aborted) process.exit(1);
});
process.on("message", (asked: AppCommand) => void obey(asked));
report({ kind: "ready" });
