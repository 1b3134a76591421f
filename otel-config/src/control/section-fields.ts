/** Reading the fields of a control snapshot: every refusal names the field, none shows its value's secret. */

type Fields = Readonly<Record<string, unknown>>;

/** One entry of a section, and where it stands: `keys[3]`. */
export interface SectionEntry {
  readonly fields: Fields;
  readonly at: string;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function refuse(problem: string): never {
  throw new TypeError(`control snapshot: ${problem}`);
}

/** A section is a list of objects. */
export function sectionOf<T>(
  value: unknown,
  name: string,
  parse: (entry: SectionEntry) => T,
): readonly T[] {
  if (!Array.isArray(value)) refuse(`${name} is not a list`);
  return value.map((fields: unknown, index) => {
    const at = `${name}[${index}]`;
    if (!isFields(fields)) refuse(`${at} is not an object`);
    return parse({ fields, at });
  });
}

export function textOf({ fields, at }: SectionEntry, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : refuse(`${at}.${name} is not a string`);
}

/** Absent is allowed; anything else than a text is not. */
export function optionalTextOf(entry: SectionEntry, name: string): string | undefined {
  return entry.fields[name] === undefined ? undefined : textOf(entry, name);
}

export function wholeOf({ fields, at }: SectionEntry, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`${at}.${name} is not a whole number`);
}

export function textsOf({ fields, at }: SectionEntry, name: string): readonly string[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string"))
    refuse(`${at}.${name} is not a list of strings`);
  return value as string[];
}

export function flagOf({ fields, at }: SectionEntry, name: string): boolean {
  const value = fields[name];
  return typeof value === "boolean" ? value : refuse(`${at}.${name} is not true or false`);
}

/** Absent is allowed; anything else than true or false is not. */
export function optionalFlagOf(entry: SectionEntry, name: string): boolean | undefined {
  return entry.fields[name] === undefined ? undefined : flagOf(entry, name);
}

/** The member of that name, if there is one: a whole number that is not negative. */
export function optionalWholeOf<Name extends string>(
  { fields, at }: SectionEntry,
  name: Name,
): { readonly [N in Name]?: number } {
  const value = fields[name];
  if (value === undefined) return {};
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    refuse(`${at}.${name} is not a whole number`);
  return { [name]: value } as { [N in Name]: number };
}

export function oneOf<T extends string>(
  entry: SectionEntry,
  name: string,
  allowed: readonly T[],
): T {
  const value = textOf(entry, name);
  const known = allowed.find((item) => item === value);
  return known ?? refuse(`${entry.at}.${name} is "${value}", not one of ${allowed.join(", ")}`);
}

/** The member of that name, if there is one. */
export function optionalOneOf<Name extends string, T extends string>(
  entry: SectionEntry,
  name: Name,
  allowed: readonly T[],
): { readonly [N in Name]?: T } {
  if (entry.fields[name] === undefined) return {};
  return { [name]: oneOf(entry, name, allowed) } as { [N in Name]: T };
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** ISO 8601 in UTC, as Date.toISOString writes it. */
export function timeOf(entry: SectionEntry, name: string): string {
  const value = textOf(entry, name);
  if (!isTime(value)) refuse(`${entry.at}.${name} is not a time as 2026-11-24T08:00:00.000Z`);
  return value;
}

export function timesOf(entry: SectionEntry, name: string): readonly string[] {
  const values = textsOf(entry, name);
  if (!values.every((value) => isTime(value)))
    refuse(`${entry.at}.${name} is not a list of times as 2026-11-24T08:00:00.000Z`);
  return values;
}

function isTime(value: string): boolean {
  return ISO_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

export function optionalTimeOf(entry: SectionEntry, name: string): string | undefined {
  return entry.fields[name] === undefined ? undefined : timeOf(entry, name);
}

const WHOLE_NANO_USD = /^(?:0|[1-9]\d{0,17})$/;

/** Nano-USD as decimal digits, since JSON has no integers of that size; not negative, below a billion dollars. */
export function nanoUsdOf(entry: SectionEntry, name: string): string {
  const value = textOf(entry, name);
  if (!WHOLE_NANO_USD.test(value))
    refuse(`${entry.at}.${name} is not a whole amount of nano-USD in digits`);
  return value;
}

/** The member of that name, if there is one. */
export function optionalNanoUsdOf<Name extends string>(
  entry: SectionEntry,
  name: Name,
): { readonly [N in Name]?: string } {
  if (entry.fields[name] === undefined) return {};
  return { [name]: nanoUsdOf(entry, name) } as { [N in Name]: string };
}
