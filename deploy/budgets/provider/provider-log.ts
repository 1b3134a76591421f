/** How an attempt ended, as the provider saw it. `left`: the client went away. `cut`: the provider broke off. */
export type AttemptEnd = "refused" | "whole" | "left" | "cut" | "running";

/** One request as its provider logs and bills it; the truth about what was spent. */
export interface BilledAttempt {
  readonly callId: string;
  readonly isStream: boolean;
  /** Of the machine's monotonic clock. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly end: AttemptEnd;
  readonly inputTokens: number;
  /** Of all answers together; with what was generated after the client had gone. */
  readonly outputTokens: number;
  readonly billNanoUsd: bigint;
}

/** Tokens of every answer that a provider goes on to generate, and bills, after a stream's client has gone. */
export const ABORT_SLACK_TOKENS = 80;

export interface TokenPrices {
  readonly inputNanoUsd: bigint;
  readonly outputNanoUsd: bigint;
}

/** Per token, as published for the model. */
export const LIST_PRICES: TokenPrices = { inputNanoUsd: 2_000n, outputNanoUsd: 8_000n };
/** A quarter dearer. */
export const RAISED_PRICES: TokenPrices = { inputNanoUsd: 2_500n, outputNanoUsd: 10_000n };

export function billOf(inputTokens: number, outputTokens: number, prices: TokenPrices): bigint {
  return BigInt(inputTokens) * prices.inputNanoUsd + BigInt(outputTokens) * prices.outputNanoUsd;
}

/** Of all attempts that were not refused, those that run with what they have cost so far. */
export interface ProviderTotals {
  readonly calls: number;
  readonly running: number;
  readonly spentNanoUsd: bigint;
}

export function totalsOf(attempts: readonly BilledAttempt[]): ProviderTotals {
  const made = attempts.filter(({ end }) => end !== "refused");
  return {
    calls: made.length,
    running: made.filter(({ end }) => end === "running").length,
    spentNanoUsd: made.reduce((sum, { billNanoUsd }) => sum + billNanoUsd, 0n),
  };
}
