import type { CallRole } from "./call-role.ts";
import type { Dialect, FieldKind, FieldRule, JsonMember } from "./dialect.ts";

/** What an attribute name means, in all dialects at once. */
export interface AttributeClaim {
  /** Place of the field among `CompiledDialects.fields`. */
  readonly field: number;
  /** Precedence among the names of the field: lower wins. */
  readonly rank: number;
  readonly kind: FieldKind;
  readonly keep: boolean;
  /** Bits of the dialects in which it means this; all bits unless the name is too common. */
  readonly dialects: number;
  readonly members: readonly JsonMember[];
  readonly roles: ReadonlyMap<string, CallRole> | undefined;
  readonly isFallback: boolean;
  readonly errors: readonly string[];
}

/** What one field of the row is filled from. Claims of one field have ranks of their own. */
export interface CompiledField {
  readonly field: string;
  readonly kind: FieldKind;
}

export interface CompiledDialects {
  readonly dialects: readonly Dialect[];
  readonly fields: readonly CompiledField[];
  readonly claims: ReadonlyMap<string, AttributeClaim>;
  /** Bits of the dialects whose signs the name shows. Bit n is dialect n. */
  readonly attributeSigns: (name: string) => number;
  readonly scopeSigns: (scope: string) => number;
  readonly serviceSigns: (service: string) => number;
  readonly nameSigns: (name: string) => number;
}

export const ALL_DIALECTS = -1;

/**
 * Merges the tables into one by attribute name, so that a decoder asks once per name and never per dialect.
 * Throws RangeError when two tables give one name two meanings that a record could not choose between.
 */
export function compileDialects(dialects: readonly Dialect[]): CompiledDialects {
  if (dialects.length > 31) throw new RangeError("dialects are told apart by 31 bits");
  const fields: CompiledField[] = [];
  const places = new Map<string, number>();
  const ranks = new Map<number, number>();
  const claims = new Map<string, AttributeClaim>();
  for (const { rule, bit } of inOrderOfPrecedence(dialects)) {
    for (const name of rule.names) {
      const field = placeOf(rule, name, { fields, places });
      const rank = ranks.get(field) ?? 0;
      ranks.set(field, rank + 1);
      claims.set(name, merged(claims.get(name), claimOf(rule, { field, rank, bit }), name));
    }
  }
  return {
    dialects,
    fields,
    claims,
    attributeSigns: signsOf(dialects, ({ signs }) => signs.attributes),
    scopeSigns: signsOf(dialects, ({ signs }) => signs.scopes),
    serviceSigns: signsOf(dialects, ({ signs }) => signs.services),
    nameSigns: signsOf(dialects, ({ signs }) => signs.names),
  };
}

interface OrderedRule {
  readonly rule: FieldRule;
  readonly bit: number;
}

/**
 * Values: the last dialect (OTel) first, then the others as listed. Names that mean something only in their
 * dialect come after all others, so that they never push out a name that always means it.
 */
function inOrderOfPrecedence(dialects: readonly Dialect[]): OrderedRule[] {
  const indexes = dialects.map((_, index) => index);
  const ordered = [...indexes.slice(-1), ...indexes.slice(0, -1)].flatMap((index) =>
    (dialects[index] as Dialect).fields.map((rule) => ({ rule, bit: 1 << index })),
  );
  return [
    ...ordered.filter(({ rule }) => rule.isOwn !== true && rule.isFallback !== true),
    ...ordered.filter(({ rule }) => rule.isOwn === true && rule.isFallback !== true),
    ...ordered.filter(({ rule }) => rule.isFallback === true),
  ];
}

/** Rules for the same column, or for the same count, are one field; each JSON attribute is one by itself. */
function placeOf(
  rule: FieldRule,
  name: string,
  known: { fields: CompiledField[]; places: Map<string, number> },
): number {
  const key = rule.kind === "json" ? `json ${name}` : fieldKey(rule);
  const place = known.places.get(key);
  if (place !== undefined) return place;
  known.fields.push({ field: rule.field, kind: rule.kind });
  known.places.set(key, known.fields.length - 1);
  return known.fields.length - 1;
}

function fieldKey({ kind, field }: FieldRule): string {
  return field === "" || kind === "tokens" ? `${kind} ${field}` : `column ${field}`;
}

function claimOf(
  rule: FieldRule,
  place: { field: number; rank: number; bit: number },
): AttributeClaim {
  return {
    field: place.field,
    rank: place.rank,
    kind: rule.kind,
    keep: rule.keep,
    dialects: rule.isOwn === true ? place.bit : ALL_DIALECTS,
    members: rule.members ?? [],
    roles: rule.values === undefined ? undefined : new Map(Object.entries(rule.values)),
    isFallback: rule.isFallback === true,
    errors: rule.errors ?? [],
  };
}

/** One name in several tables: the same meaning, for the dialects of both. */
function merged(
  known: AttributeClaim | undefined,
  next: AttributeClaim,
  name: string,
): AttributeClaim {
  if (known === undefined) return next;
  if (known.field !== next.field || known.kind !== next.kind) {
    throw new RangeError(`two dialects disagree about the attribute "${name}"`);
  }
  return { ...known, dialects: known.dialects | next.dialects };
}

/** Answers for a name which dialects it is a sign of. */
function signsOf(
  dialects: readonly Dialect[],
  patternsOf: (dialect: Dialect) => readonly string[] | undefined,
): (name: string) => number {
  const patterns = dialects.flatMap((dialect, index) =>
    (patternsOf(dialect) ?? []).map((pattern) => globOf(pattern, 1 << index)),
  );
  return (name) => {
    let bits = 0;
    for (const { bit, head, tail } of patterns) {
      if (tail === undefined ? name === head : fits(name, head, tail)) bits |= bit;
    }
    return bits;
  };
}

/** A pattern with at most one "*". */
function globOf(
  pattern: string,
  bit: number,
): { bit: number; head: string; tail: string | undefined } {
  const star = pattern.indexOf("*");
  if (star < 0) return { bit, head: pattern, tail: undefined };
  return { bit, head: pattern.slice(0, star), tail: pattern.slice(star + 1) };
}

function fits(name: string, head: string, tail: string): boolean {
  return name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}
