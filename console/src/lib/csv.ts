export type CsvValue = string | number | bigint | boolean | undefined;

/** A row of CSV (RFC 4180) with its end. Unknown is an empty field. */
export const csvRow = (values: readonly CsvValue[]): string =>
  `${values.map((value) => csvField(value)).join(",")}\r\n`;

/**
 * Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection): names of
 * models and users come from whoever sends spans.
 */
function csvField(value: CsvValue): string {
  if (value === undefined) return "";
  const plain = String(value);
  const harmless = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
