import { formatUsd } from "@lensai/otel-config/money";
import type { BilledAttempt } from "./provider/provider-log.ts";
import type { CallCharge } from "./read-calls.ts";

/** How calls of one kind were billed, what the guard has charged for them, and what is counted of that. In nano-USD. */
export interface ChargeGroup {
  readonly kind: string;
  readonly calls: number;
  readonly billedNanoUsd: bigint;
  readonly chargedNanoUsd: bigint;
  readonly countedNanoUsd: bigint;
  /** Of one call, of all whose bill was above their charge. */
  readonly mostUnderNanoUsd: bigint;
}

interface CallBill {
  readonly billNanoUsd: bigint;
  readonly kind: string;
}

/** Of calls that nobody has told of: their process was killed. */
const UNTOLD = "process killed";

/** Where bills and charges differ, by how calls have ended: those that were not charged died with their process. */
export function decompose(
  attempts: readonly BilledAttempt[],
  charges: ReadonlyMap<string, CallCharge>,
): readonly ChargeGroup[] {
  const groups = new Map<string, ChargeGroup>();
  for (const [callId, { billNanoUsd, kind: ended }] of billsByCall(attempts)) {
    const charge = charges.get(callId);
    const kind = kindOf(charge) ?? ended;
    const { calls, billedNanoUsd, chargedNanoUsd, countedNanoUsd, mostUnderNanoUsd } =
      groups.get(kind) ?? emptyGroup(kind);
    const charged = charge?.chargedNanoUsd ?? 0n;
    groups.set(kind, {
      kind,
      calls: calls + 1,
      billedNanoUsd: billedNanoUsd + billNanoUsd,
      chargedNanoUsd: chargedNanoUsd + charged,
      countedNanoUsd: countedNanoUsd + (charge?.countedNanoUsd ?? 0n),
      mostUnderNanoUsd: larger(mostUnderNanoUsd, billNanoUsd - charged),
    });
  }
  return [...groups.values()].toSorted((one, other) => one.kind.localeCompare(other.kind));
}

function emptyGroup(kind: string): ChargeGroup {
  const nothing = { billedNanoUsd: 0n, chargedNanoUsd: 0n, countedNanoUsd: 0n };
  return { kind, calls: 0, ...nothing, mostUnderNanoUsd: 0n };
}

function kindOf(charge: CallCharge | undefined): string | undefined {
  if (charge === undefined) return UNTOLD;
  return charge.isCutOff ? "cut off by the guard" : undefined;
}

/** Lines for the terminal. */
export function decompositionLines(groups: readonly ChargeGroup[]): readonly string[] {
  return groups.map(
    ({ kind, calls, billedNanoUsd, chargedNanoUsd, countedNanoUsd, mostUnderNanoUsd }) =>
      `${kind}: ${calls} calls, billed ${formatUsd(billedNanoUsd)}, charged ${formatUsd(chargedNanoUsd)}, ` +
      `counted ${formatUsd(countedNanoUsd)} in the end, ` +
      `at most ${formatUsd(mostUnderNanoUsd)} too little for one`,
  );
}

/** An SDK tries again: the last attempt says how the call ended. */
function billsByCall(attempts: readonly BilledAttempt[]): ReadonlyMap<string, CallBill> {
  const bills = new Map<string, CallBill>();
  for (const { callId, billNanoUsd, end, isStream } of attempts) {
    const before = bills.get(callId);
    bills.set(callId, {
      billNanoUsd: (before?.billNanoUsd ?? 0n) + billNanoUsd,
      kind: `${isStream ? "stream" : "answer"} ${end}`,
    });
  }
  return bills;
}

const larger = (one: bigint, other: bigint): bigint => (one > other ? one : other);
