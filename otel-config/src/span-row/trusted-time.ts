const MICROS_PER_MINUTE = 60_000_000;
/** Clocks that anybody keeps right agree to a second; batches and proxies only make a record older. */
const AHEAD_MICROS_MAX = 5 * MICROS_PER_MINUTE;
/** What was stored and is sent late, history that is imported: nothing here looks back further than this. */
const BEHIND_MICROS_MAX = 400 * 24 * 60 * MICROS_PER_MINUTE;

/**
 * When a record happened, for everything that depends on it and must not follow a clock that is wrong: the price
 * that held then, the day that it is filed under. It is what the producer says, unless that cannot be (no time at
 * all, minutes after it was received, years before): then it is when it was received. Both in microseconds since
 * the epoch, UTC.
 */
export function trustedMicros(startMicros: number, receivedMicros: number): number {
  const isBelieved =
    startMicros <= receivedMicros + AHEAD_MICROS_MAX &&
    startMicros >= receivedMicros - BEHIND_MICROS_MAX;
  return isBelieved ? startMicros : receivedMicros;
}
