/** A day: whoever asks for more is not waited for that long. */
const RETRY_AFTER_MAX_MS = 86_400_000;
const SECOND_MS = 1000;

/** The header of RFC 9110 section 10.2.3, seconds or a date; undefined when it is absent or neither. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - now.getTime();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_AFTER_MAX_MS) : undefined;
}
