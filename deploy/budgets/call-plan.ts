import { createRandom } from "../seed/random.ts";
import type { Random } from "../seed/random.ts";

/** What one call of the fleet is: the application reads the first half of it, the provider the second. */
export interface CallPlan {
  readonly inputTokens: number;
  readonly isStream: boolean;
  /** Answers asked for at once (`n`). */
  readonly choices: number;
  /** Undefined: the request does not limit the answer. */
  readonly maxTokens: number | undefined;
  /** The application leaves a stream after this share of it. */
  readonly leavesAfterShare: number | undefined;

  /** So many attempts are answered with `failureStatus` first: SDKs try again. */
  readonly failures: number;
  readonly failureStatus: 429 | 500;
  /** How long each answer would be without a limit. */
  readonly outputTokens: readonly number[];
  readonly firstTokenMs: number;
  /** From the request to the end of its answer, were that not cut short. */
  readonly durationMs: number;
  /** The provider breaks a stream off after this share of it. */
  readonly cutAfterShare: number | undefined;
}

/** $0.01 of input and a median of $0.012 of output at the model's published price, as long as 4 to 12 seconds. */
export const MODEL = "gpt-4.1";
export const MODEL_OUTPUT_TOKENS_MAX = 32_768;
const INPUT_TOKENS = 5_000;
const OUTPUT_TOKENS_MEDIAN = 1_500;
const OUTPUT_SPREAD = 0.8;
const DURATION_MS = 8_000;
const FIRST_TOKEN_MS = 600;

const STREAM_SHARE = 0.8;
const UNLIMITED_STREAM_SHARE = 0.7;
/** Of answers that do not stream: most callers of those say how much they can use. */
const UNLIMITED_PLAIN_SHARE = 0.1;
const TYPICAL_LIMIT_TOKENS = 4_000;

/**
 * The call of this name: the same for a seed on every machine, in whatever order calls are made. Lengths and
 * durations are those of the simulation in which budgets were first compared.
 */
export function planCall(seed: string, callId: string): CallPlan {
  const random = createRandom(`${seed} ${callId}`);
  const isStream = random.chance(STREAM_SHARE);
  const choices = random.chance(0.05) ? random.integer(2, 4) : 1;
  const isUnlimited = random.chance(isStream ? UNLIMITED_STREAM_SHARE : UNLIMITED_PLAIN_SHARE);
  return {
    inputTokens: INPUT_TOKENS,
    isStream,
    choices,
    maxTokens: isUnlimited ? undefined : TYPICAL_LIMIT_TOKENS,
    leavesAfterShare: isStream && random.chance(0.03) ? random.next() : undefined,
    failures: failuresOf(random),
    failureStatus: random.chance(0.6) ? 429 : 500,
    outputTokens: Array.from({ length: choices }, () =>
      Math.max(1, Math.round(random.logNormal(OUTPUT_TOKENS_MEDIAN, OUTPUT_SPREAD))),
    ),
    firstTokenMs: random.logNormal(FIRST_TOKEN_MS, 0.4),
    durationMs: DURATION_MS * (0.5 + random.next()),
    cutAfterShare: isStream && random.chance(0.01) ? random.next() : undefined,
  };
}

function failuresOf(random: Random): number {
  if (random.chance(0.94)) return 0;
  return random.chance(0.7) ? 1 : 2;
}

/** What the answers have at most, by what was asked (which a guard may have lowered). */
export function answerTokens(plan: CallPlan, maxTokens: number | undefined): readonly number[] {
  const limit = Math.min(maxTokens ?? MODEL_OUTPUT_TOKENS_MAX, MODEL_OUTPUT_TOKENS_MAX);
  return plan.outputTokens.map((tokens) => Math.min(tokens, limit));
}
