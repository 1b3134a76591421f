export interface KeyDates {
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

const DAY_MS = 86_400_000;
/** From here on it is worth a word. */
const SOON_DAYS = 14;

/** What has to be said about the end of a key or a secret; nothing while it is far. */
export function keyState(
  { expiresAt, revokedAt }: KeyDates,
  nowUnixMs: number,
): { readonly isOver: boolean; readonly words: string | undefined } {
  if (revokedAt !== null) return { isOver: true, words: "revoked" };
  if (expiresAt === null) return { isOver: false, words: undefined };
  const leftMs = expiresAt.getTime() - nowUnixMs;
  if (leftMs <= 0) return { isOver: true, words: "expired" };
  const days = Math.floor(leftMs / DAY_MS);
  if (days > SOON_DAYS) return { isOver: false, words: `until ${dayOf(expiresAt)}` };
  const hours = Math.max(1, Math.floor(leftMs / 3_600_000));
  const left = days >= 2 ? `${days} days` : `${hours} h`;
  return { isOver: false, words: `ends in ${left}` };
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);
