import * as fc from "fast-check";
import { expect, test } from "vitest";
import { column, commaList, renderSql, sql } from "../../src/duckdb/sql.ts";

test("binds every value, in order, and never pastes one", () => {
  const statement = sql`SELECT ${"a'b"} AS x, ${5n} AS y WHERE z IN ${["p", "q"]}`;
  expect(renderSql(statement)).toEqual({
    text: "SELECT $1 AS x, $2 AS y WHERE z IN $3",
    values: ["a'b", 5n, ["p", "q"]],
  });
});

test("inserts pieces of SQL with their values at the right place", () => {
  const inner = sql`b = ${"B"} AND c = ${"C"}`;
  const bare = sql`now()`;
  const statement = sql`a = ${"A"} AND ${inner} AND ${bare} < d AND ${sql`${"E"}`}`;
  expect(renderSql(statement)).toEqual({
    text: "a = $1 AND b = $2 AND c = $3 AND now() < d AND $4",
    values: ["A", "B", "C", "E"],
  });
});

test("text never reaches the statement, whatever it holds", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      const list = commaList([sql`1`, ...texts.map((text) => sql`${text}`)]);
      const { text, values } = renderSql(list);
      expect(text).toMatch(/^1(, \$\d+)*$/);
      expect(values).toEqual(texts);
    }),
  );
});

test("takes a column of the span row as an identifier, and nothing else", () => {
  expect(renderSql(sql`SELECT ${column("user_id")}`).text).toBe('SELECT "user_id"');
  for (const name of ["nope", 'user_id" --', "constructor", ""]) {
    expect(() => column(name)).toThrow(RangeError);
  }
});
