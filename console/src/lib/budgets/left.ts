/**
 * What may still be spent: the limit without what is spent and what processes hold; never below zero. Where the ledger
 * knows of more spend than has landed in the lake, that counts.
 */
export function leftNanoUsd(
  limitNanoUsd: bigint,
  spentNanoUsd: bigint | undefined,
  held?: { readonly settledNanoUsd: bigint; readonly heldNanoUsd: bigint },
): bigint {
  const spent = spentNanoUsd ?? 0n;
  const settled = held?.settledNanoUsd ?? 0n;
  const left = limitNanoUsd - (settled > spent ? settled : spent) - (held?.heldNanoUsd ?? 0n);
  return left > 0n ? left : 0n;
}
