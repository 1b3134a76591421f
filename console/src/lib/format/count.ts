const grouping = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, ",");

/** "1,234,567"; "unknown" when undefined. The same text on every machine. */
export function formatCount(count: number | bigint | undefined): string {
  if (count === undefined) return "unknown";
  const text = count.toString();
  return text.startsWith("-") ? `-${grouping(text.slice(1))}` : grouping(text);
}

const UNITS: readonly (readonly [size: number, suffix: string])[] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/** At most four digits, and the same number of them down a column: "999", "9,999", "12.3k", "16.0k", "4.56M". */
export function formatCompactCount(count: number | bigint | undefined): string {
  if (count === undefined) return "unknown";
  const value = Number(count);
  if (Math.abs(value) < 10_000) return formatCount(count);
  const [size, suffix] = unitFor(value);
  const scaled = value / size;
  // There is no unit beyond the last; toPrecision would write an exponent.
  const digits = Math.abs(scaled) < 999.5 ? scaled.toPrecision(3) : formatCount(Math.round(scaled));
  return `${digits}${suffix}`;
}

function unitFor(value: number): readonly [number, string] {
  // 999,500 rounds to 1,000k, which is written 1.00M.
  const unit = UNITS.find(([size]) => Math.abs(value) >= size * 0.9995);
  return unit ?? [1, ""];
}

/** "1 call", "2 calls", "1,234 calls". */
export function formatCounted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}
