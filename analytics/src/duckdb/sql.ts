import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";

/** What may be bound: text, 64-bit integers, truth values, lists of text. Numbers are bound as bigint. */
export type SqlValue = string | bigint | boolean | readonly string[];

/** A piece of SQL with its bound values: `strings` has one element more than `values`. */
export interface Sql {
  readonly strings: readonly string[];
  readonly values: readonly SqlValue[];
}

/** SQL as the database wants it: `$1`, `$2`, ... stand for the values. */
export interface RenderedSql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const columnNames: ReadonlySet<string> = new Set(SPAN_COLUMNS.map((spec) => spec.name));

/** Tag of SQL text. Every interpolated value is bound, never pasted; an interpolated `Sql` is inserted. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (SqlValue | Sql)[]): Sql {
  const texts = [strings[0] ?? ""];
  const values: SqlValue[] = [];
  for (const [index, part] of parts.entries()) {
    const after = strings[index + 1] ?? "";
    if (isSql(part)) {
      texts.push((texts.pop() ?? "") + (part.strings[0] ?? ""), ...part.strings.slice(1));
      values.push(...part.values);
      texts.push((texts.pop() ?? "") + after);
    } else {
      values.push(part);
      texts.push(after);
    }
  }
  return { strings: texts, values };
}

/** A column of the span row as a quoted identifier. Throws RangeError for any other name. */
export function column(name: string): Sql {
  if (!columnNames.has(name)) throw new RangeError(`"${name}" is not a column of the span row`);
  return { strings: [`"${name}"`], values: [] };
}

/** Pieces of SQL with commas between them. */
export function commaList(parts: readonly Sql[]): Sql {
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError("a list in SQL needs at least one element");
  return others.reduce((list, part) => sql`${list}, ${part}`, first);
}

/** Numbers the placeholders. */
export function renderSql(statement: Sql): RenderedSql {
  const text = statement.strings.reduce((before, after, index) => `${before}$${index}${after}`);
  return { text, values: statement.values };
}

function isSql(part: SqlValue | Sql): part is Sql {
  return typeof part === "object" && "strings" in part;
}
