/**
 * The obvious way: eight regular expressions, one after the other, over the text as a string. It finds
 * every value that the corpus plants, and is what recall and speed are compared with.
 */

interface BaselineRule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly accepts?: (match: string) => boolean;
}

const digitsOf = (text: string): number[] =>
  Array.from(text.replaceAll(/\D/g, ""), (digit) => Number(digit));

export function luhn(text: string): boolean {
  const digits = digitsOf(text).toReversed();
  const sum = digits.reduce((total, digit, i) => {
    const doubled = digit * 2;
    if (i % 2 === 0) return total + digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

export function mod97(text: string): number {
  const compact = text.replaceAll(/[ -]/g, "").toUpperCase();
  const moved = compact.slice(4) + compact.slice(0, 4);
  const spelled = moved.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return Number(BigInt(spelled) % 97n);
}

const RULES: readonly BaselineRule[] = [
  { name: "email", pattern: /[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/g },
  { name: "jwt", pattern: /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g },
  {
    name: "key",
    pattern:
      /\b(?:sk-[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/g,
  },
  {
    name: "iban",
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g,
    accepts: (m) => mod97(m) === 1,
  },
  {
    name: "card",
    pattern: /\b[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{4})?\b/g,
    accepts: luhn,
  },
  { name: "ssn", pattern: /\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b/g },
  {
    name: "phone",
    pattern:
      /\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}\b|(?:\(\d{3}\) ?|\b[2-9]\d{2}[.-])\d{3}[.-]\d{4}\b/g,
  },
  {
    name: "ip",
    pattern:
      /\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b|\b(?:[0-9a-f]{1,4}:){2,7}(?::[0-9a-f]{1,4}){0,6}[0-9a-f:]*\b/gi,
  },
];

/** Masks what the eight expressions find. */
export function baselineRedact(text: string): string {
  let result = text;
  for (const { pattern, accepts } of RULES) {
    result = result.replace(pattern, (match) =>
      accepts === undefined || accepts(match) ? "*".repeat(match.length) : match,
    );
  }
  return result;
}

/** What the eight expressions find, as `rule: text`. */
export function baselineFindings(text: string): string[] {
  return RULES.flatMap(({ name, pattern, accepts }) =>
    Array.from(text.matchAll(pattern), ([match]) => match)
      .filter((match) => accepts === undefined || accepts(match))
      .map((match) => `${name}: ${match}`),
  );
}
