/** 9999-12-31T23:59:59.999999Z */
const MAX_MICROS = 253_402_300_799_999_999n;
const ISO_MICROS = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{6})Z$/;

/** Microseconds since the epoch as ISO 8601 UTC; moments outside the years 1970 to 9999 become the nearest one inside. */
export function isoFromMicros(micros: bigint): string {
  const clamped = clamp(micros);
  const seconds = new Date(Number(clamped / 1_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(clamped % 1_000_000n).padStart(6, "0")}Z`;
}

function clamp(micros: bigint): bigint {
  if (micros < 0n) return 0n;
  return micros > MAX_MICROS ? MAX_MICROS : micros;
}

/** The milliseconds that an ISO text with microseconds lies in; undefined for any other text. */
export function millisFromIsoMicros(text: string): number | undefined {
  const [, seconds = "", fraction = ""] = ISO_MICROS.exec(text) ?? [];
  const millis = Date.parse(`${seconds}.${fraction.slice(0, 3)}Z`);
  return Number.isNaN(millis) ? undefined : millis;
}
