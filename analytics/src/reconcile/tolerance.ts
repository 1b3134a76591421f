/** How far two figures may be apart, in millionths of the provider's: 1 % is 10_000n. */
export type TolerancePpm = bigint;

const MILLION = 1_000_000n;

/** The difference is at most so many millionths of `theirs`. A figure that we do not know is near to none but 0. */
export function isWithin(
  theirs: bigint,
  ours: bigint | undefined,
  tolerance: TolerancePpm,
): boolean {
  const difference = magnitude((ours ?? 0n) - theirs);
  if (ours === undefined) return difference === 0n;
  return difference * MILLION <= tolerance * magnitude(theirs);
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
