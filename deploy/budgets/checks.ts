import type { CallBoundFacts } from "@lensai/analytics/queries/bound-facts";
import {
  HELD_ABORT_TOKENS,
  overspendBoundNanoUsd,
} from "@lensai/otel-config/control/overspend-bound";
import { formatUsd } from "@lensai/otel-config/money";
import type { LedgerSums } from "./console-client.ts";
import { positive } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

export const CHECK_NAMES = ["over", "unspent", "free", "ledger"] as const;
type CheckName = (typeof CHECK_NAMES)[number];

export interface Check {
  readonly name: CheckName;
  readonly isMet: boolean;
  /** What was to be, and what was. */
  readonly sentence: string;
}

export interface CheckedRun {
  readonly name: string;
  readonly clamp: boolean;
  readonly limitNanoUsd: bigint;
  readonly bound: Pick<CallBoundFacts, "peak" | "shortfallNanoUsd">;
  readonly verdict: Verdict;
  /** When every lease of a process that was killed had run out. */
  readonly ledger: LedgerSums;
}

/** What the ledger may count too much or too little, of the limit. */
const LEDGER_PERMILLE_MAX = 10n;
const UNSPENT_PERCENT_MAX = 2n;
const FREE_PERCENT_MAX = 10n;

/** What a budget that is held well is held to, by issue and by the function that the console shows the bound by. */
export function checksOf(run: CheckedRun): readonly Check[] {
  const { limitNanoUsd, verdict, ledger } = run;
  const boundNanoUsd = boundOf(run);
  const allowedNanoUsd = run.clamp ? 0n : boundNanoUsd;
  const free = verdict.freeAtRefusalNanoUsd ?? 0n;
  const counted = ledger.settledNanoUsd + ledger.heldNanoUsd;
  const wrong = counted - verdict.spentNanoUsd;
  const allowedWrong = (limitNanoUsd * LEDGER_PERMILLE_MAX) / 1_000n;
  const shareOf = (percent: bigint): bigint => (limitNanoUsd * percent) / 100n;
  return [
    {
      name: "over",
      isMet: verdict.overNanoUsd <= allowedNanoUsd,
      sentence: `over ${formatUsd(verdict.overNanoUsd)}, at most ${formatUsd(allowedNanoUsd)}; the console shows a bound of ${formatUsd(boundNanoUsd)}`,
    },
    {
      name: "unspent",
      isMet: verdict.unspentNanoUsd < shareOf(UNSPENT_PERCENT_MAX),
      sentence: `unspent ${formatUsd(verdict.unspentNanoUsd)} of ${formatUsd(limitNanoUsd)}, below ${UNSPENT_PERCENT_MAX} %`,
    },
    {
      name: "free",
      isMet: free <= shareOf(FREE_PERCENT_MAX),
      sentence: `free when the first call was refused: ${formatUsd(free)}, at most ${FREE_PERCENT_MAX} %${verdict.firstReason === undefined ? "" : ` (${verdict.firstReason})`}`,
    },
    {
      name: "ledger",
      // What processes may have spent that are not heard any more, the ledger says itself.
      isMet: wrong <= allowedWrong && -wrong <= allowedWrong + ledger.uncertainNanoUsd,
      sentence: `the ledger counts ${formatUsd(ledger.settledNanoUsd)} settled and ${formatUsd(ledger.heldNanoUsd)} held, the provider bills ${formatUsd(verdict.spentNanoUsd)}: equal to ${LEDGER_PERMILLE_MAX} ‰ of the limit`,
    },
  ];
}

/** As the console works it out (`console/src/lib/budgets/bound.ts`). */
function boundOf({ bound, ledger, limitNanoUsd }: CheckedRun): bigint {
  const boundNanoUsd = overspendBoundNanoUsd({
    failMode: "spend_lease_then_closed",
    concurrentCallsMax: bound.peak,
    choicesMax: 1,
    outputNanoUsdPerMillionTokens: 0n,
    abortTokensMax: HELD_ABORT_TOKENS,
    shortfallNanoUsdMax: bound.shortfallNanoUsd,
    uncertainNanoUsdMax: ledger.uncertainNanoUsd,
    countedOverNanoUsd: positive(ledger.settledNanoUsd + ledger.heldNanoUsd - limitNanoUsd),
    unguardedNanoUsdMax: 0n,
  });
  if (boundNanoUsd === undefined) throw new Error("a budget that fails closed has a bound");
  return boundNanoUsd;
}
