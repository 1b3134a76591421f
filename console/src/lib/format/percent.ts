/**
 * "98.7 %", "100 %", "0 %"; undefined when there is nothing to divide by. Only all is "100 %" and only
 * none is "0 %": a single failure in a million reads "< 0.1 %", not "0 %".
 */
export function formatShare(part: number, whole: number): string | undefined {
  if (whole <= 0) return undefined;
  if (part <= 0) return "0 %";
  if (part >= whole) return "100 %";
  const percent = (part / whole) * 100;
  if (percent < 0.1) return "< 0.1 %";
  if (percent > 99.9) return "> 99.9 %";
  return `${percent.toFixed(1)} %`;
}
