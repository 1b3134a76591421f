import { divideHalfUp } from "../money.ts";
import type { NanoUsd } from "../money.ts";

/** What a customer is charged for calls. */
export interface Charge {
  readonly amountNanoUsd: NanoUsd;
  /** The same in whole micro-USD (1e-6 US dollars), the unit of what is metered: meters count in whole numbers. */
  readonly amountMicroUsd: bigint;
}

const BASIS_POINTS = 10_000n;
const NANO_PER_MICRO = 1000n;

/**
 * Cost plus markup (100 basis points are 1 %), each rounded to nearest, halves up. Rounding to micro-USD moves a day of a
 * customer by half a millionth of a dollar at most.
 */
export function chargeOf(costNanoUsd: NanoUsd, markupBasisPoints: number): Charge {
  const amountNanoUsd = divideHalfUp(
    costNanoUsd * (BASIS_POINTS + BigInt(markupBasisPoints)),
    BASIS_POINTS,
  );
  return { amountNanoUsd, amountMicroUsd: divideHalfUp(amountNanoUsd, NANO_PER_MICRO) };
}
