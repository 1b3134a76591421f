import { readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { expect, test } from "vitest";

const IMPORT = /(?:from|import)\s*\(?\s*"([^"]+)"/g;
const source = new URL("../../src/", import.meta.url);

/** Everything outside the package that the files of some folders can reach. */
function reachable(folders: readonly string[]): Set<string> {
  const outside = new Set<string>();
  const seen = new Set<string>();
  const left = folders.flatMap((folder) =>
    readdirSync(new URL(folder, source)).map((name) => new URL(folder + name, source).href),
  );
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, target = ""] of readFileSync(new URL(file), "utf8").matchAll(IMPORT)) {
      if (target.startsWith(".")) left.push(new URL(target, file).href);
      else outside.add(target);
    }
  }
  return outside;
}

test("what lands files never loads the query engine", () => {
  const outside = reachable(["parquet/", "lake/"]);
  expect(outside).toContain("node:zlib");
  const packages = [...outside].filter((name) => !isBuiltin(name));
  expect(packages.filter((name) => name.startsWith("@duckdb"))).toEqual([]);
  expect(reachable(["duckdb/"])).toContain("@duckdb/node-api");
});
