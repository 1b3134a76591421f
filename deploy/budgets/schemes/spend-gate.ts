import { MODEL_OUTPUT_TOKENS_MAX } from "../call-plan.ts";
import { billOf } from "../provider/provider-log.ts";
import type { TokenPrices } from "../provider/provider-log.ts";
import type { CounterAnswer, CounterRequest } from "./counter-server.ts";

/** How others hold a fleet to a budget. `check`: check, then call. `sync`: a counter of each process, synchronised now and then. */
export const GATES = ["check", "sync", "reserve", "reserve-clamp"] as const;
export type GateName = (typeof GATES)[number];

interface AskedCall {
  /** Exactly: a gift to the schemes, which would have to estimate it. */
  readonly inputTokens: number;
  readonly choices: number;
  readonly maxTokens: number | undefined;
}

export interface Admission {
  readonly heldNanoUsd: bigint;
  /** What the request is to say. */
  readonly maxTokens: number | undefined;
}

/** Decides about a call before it is made; undefined: refused. Every admission is settled once. */
export interface SpendGate {
  admit(call: AskedCall, prices: TokenPrices): Promise<Admission | undefined>;
  settle(admission: Admission, spentNanoUsd: bigint): Promise<void>;
  close(): void;
}

export interface GateOptions {
  readonly counterUrl: string;
  readonly limitNanoUsd: bigint;
  readonly syncIntervalMs: number;
}

/** A shorter answer is of no use. */
const CLAMPED_TOKENS_MIN = 64;

export function createGate(name: GateName, options: GateOptions): SpendGate {
  if (name === "check") return checkThenCall(options);
  if (name === "sync") return synchronisedCounter(options);
  return worstCaseReservation(options, { clamps: name === "reserve-clamp" });
}

/** Is there anything left? Then the call is made, and counted when it has ended. */
function checkThenCall({ counterUrl, limitNanoUsd }: GateOptions): SpendGate {
  return {
    async admit({ maxTokens }) {
      const { sum } = await ask(counterUrl, { add: "0" });
      return BigInt(sum) < limitNanoUsd ? { heldNanoUsd: 0n, maxTokens } : undefined;
    },
    async settle(_, spentNanoUsd) {
      await ask(counterUrl, { add: String(spentNanoUsd) });
    },
    close: () => undefined,
  };
}

/** The same with a counter in memory, to which that of all is brought, and from it, every so often. */
function synchronisedCounter({ counterUrl, limitNanoUsd, syncIntervalMs }: GateOptions): SpendGate {
  let known = 0n;
  let unsent = 0n;
  const synchronise = async (): Promise<void> => {
    const sending = unsent;
    unsent = 0n;
    const { sum } = await ask(counterUrl, { add: String(sending) });
    known = BigInt(sum) + unsent;
  };
  // Processes start at different times.
  let timer = setTimeout(() => {
    timer = setInterval(() => void synchronise(), syncIntervalMs).unref();
    void synchronise();
  }, Math.random() * syncIntervalMs).unref();
  return {
    admit({ maxTokens }) {
      return Promise.resolve(known < limitNanoUsd ? { heldNanoUsd: 0n, maxTokens } : undefined);
    },
    settle(_, spentNanoUsd) {
      known += spentNanoUsd;
      unsent += spentNanoUsd;
      return Promise.resolve();
    },
    close: () => clearTimeout(timer),
  };
}

/** What the call costs at worst is counted before it is made, and the rest of it given back after. */
function worstCaseReservation(
  { counterUrl }: GateOptions,
  { clamps }: { readonly clamps: boolean },
): SpendGate {
  return {
    async admit({ inputTokens, choices, maxTokens }, prices) {
      const cost = (tokens: number): bigint => billOf(inputTokens, tokens * choices, prices);
      const worst = cost(maxTokens ?? MODEL_OUTPUT_TOKENS_MAX);
      const least = clamps ? cost(CLAMPED_TOKENS_MIN) : worst;
      const answer = await ask(counterUrl, { take: String(worst), atLeast: String(least) });
      const heldNanoUsd = BigInt(answer.taken);
      if (heldNanoUsd === 0n) return undefined;
      if (heldNanoUsd === worst) return { heldNanoUsd, maxTokens };
      const room = heldNanoUsd - cost(0);
      return { heldNanoUsd, maxTokens: Number(room / (BigInt(choices) * prices.outputNanoUsd)) };
    },
    async settle({ heldNanoUsd }, spentNanoUsd) {
      await ask(counterUrl, { add: String(spentNanoUsd - heldNanoUsd) });
    },
    close: () => undefined,
  };
}

async function ask(url: string, request: CounterRequest): Promise<CounterAnswer> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(request) });
  return (await response.json()) as CounterAnswer;
}
