import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { priceStatements } from "#lib/server/db/schema/price-statements.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { createPriceBookFile } from "#lib/server/prices/price-book-file.ts";
import { listRecordedPrices } from "#lib/server/services/prices/list.ts";
import { recordPrices } from "#lib/server/services/prices/record.ts";
import { priceStatementSchema } from "#lib/server/services/prices/schemas.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { buildSnapshot, readControlVersion } from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "lensai-prices-"));
  for (const id of ["shop", "bank", "twice", "many"])
    await ensureProject(database.services, { id, name: id });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const statementOf = (fields: object) =>
  priceStatementSchema.parse({ provider: "vllm", model: "own", source: "a test", ...fields });

const record = (projectId: string, ...statements: object[]) =>
  recordPrices(
    database.services,
    { projectId, statements: statements.map((fields) => statementOf(fields)) },
    "user:ann",
  );

test("what a project says of prices is in the snapshot, in the order in which it was said", async () => {
  const before = await readControlVersion(database.db);
  await record("shop", { prices: { input_mtok: "2", output_mtok: 4 } });
  await record("bank", { modelPrefix: "own", model: undefined, multiplier: 0.5 });
  await record("shop", { prices: { input_mtok: "3" } }, { withdrawn: true });
  const { prices, version } = await buildSnapshot(database.db);
  expect(version).toBe(before + 3);
  const { entries, problems } = parsePriceEntries(prices);
  expect(problems).toEqual([]);
  expect(
    entries.map(({ projectId, change, recordedBy }) => [projectId, change, recordedBy]),
  ).toEqual([
    ["bank", { kind: "multiplier", multiplier: "0.5", except: [] }, "user:ann"],
    ["shop", { kind: "prices", prices: { input_mtok: "2", output_mtok: 4 } }, "user:ann"],
    ["shop", { kind: "prices", prices: { input_mtok: "3" } }, "user:ann"],
    ["shop", { kind: "withdrawal" }, "user:ann"],
  ]);
});

test("the audit log has what was said, and what was said about the same thing before", async () => {
  const entries = await database.db.select().from(auditEntries);
  const told = entries.filter(
    ({ projectId, action }) => projectId === "shop" && action !== "project.create",
  );
  expect(
    told.map(({ action, subjectId, before, after }) => [action, subjectId, before, after]),
  ).toEqual([
    ["price.set", "vllm own", null, statementOf({ prices: { input_mtok: "2", output_mtok: 4 } })],
    [
      "price.set",
      "vllm own",
      statementOf({ prices: { input_mtok: "2", output_mtok: 4 } }),
      statementOf({ prices: { input_mtok: "3" } }),
    ],
    [
      "price.withdraw",
      "vllm own",
      statementOf({ prices: { input_mtok: "3" } }),
      statementOf({ withdrawn: true }),
    ],
  ]);
});

test("what was said last already is not said again, whatever its spelling", async () => {
  const prices = { prices: { output_mtok: 4, input_mtok: "2" } };
  expect(await record("twice", prices)).toMatchObject({ recorded: 1 });
  const version = await readControlVersion(database.db);
  const again = {
    provider: "vLLM",
    serviceTier: "default",
    prices: { input_mtok: "2", output_mtok: 4 },
  };
  expect(await record("twice", again)).toEqual({ kind: "recorded", recorded: 0, unchanged: 1 });
  expect(await readControlVersion(database.db)).toBe(version);
  expect(await record("twice", { withdrawn: true }, prices)).toMatchObject({ recorded: 2 });
  expect((await listRecordedPrices(database.db, "twice")).map(({ number }) => number)).toEqual([
    3, 2, 1,
  ]);
});

test("many at once get a place each, and a project has no more than its share", async () => {
  const each = Array.from({ length: 8 }, (_, n) =>
    record("many", { model: `m${n}`, multiplier: 1 }),
  );
  await Promise.all(each);
  const numbers = (await listRecordedPrices(database.db, "many")).map(({ number }) => number);
  expect(numbers).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  await database.db.insert(priceStatements).values({
    projectId: "many",
    number: 2_000,
    statement: statementOf({ multiplier: 1 }),
    recordedAt: new Date(0),
    recordedBy: "tester",
  });
  expect(await record("many", { model: "more", multiplier: 1 })).toMatchObject({
    kind: "too_many",
  });
});

test.each<[object, string]>([
  [
    { prices: { input_mtok: "cheap" } },
    'prices.input_mtok: "cheap" is not an amount of US dollars',
  ],
  [{ prices: { input_mtok: -1 } }, "prices.input_mtok: -1 is not"],
  [{ prices: { moon_mtok: 1 } }, "moon_mtok"],
  [{ prices: {} }, "prices: is empty"],
  [{ multiplier: 2, prices: { input_mtok: 1 } }, ": needs exactly one of"],
  [{}, ": needs exactly one of"],
  [{ multiplier: 1, modelPrefix: "own" }, ": needs either"],
  [{ multiplier: 1, validFrom: "soon" }, 'validFrom: "soon" is not a time'],
  [{ multiplier: 1, validFrom: "2026-12-02", validUntil: "2026-12-01" }, "is not after validFrom"],
  [{ multiplier: 1, source: "  " }, "source: "],
  [{ multiplier: 1, project: "bank" }, "project"],
  [{ multiplier: 1, recordedAt: "2020-01-01" }, "recordedAt"],
])("%j is refused, with the field", (fields, problem) => {
  const whole = { provider: "vllm", model: "own", source: "a test", ...fields };
  const { error } = priceStatementSchema.safeParse(whole);
  expect(error && issuesText(error)).toContain(problem);
});

test("the console's book has them as well, over those of the file, as soon as they are said", async () => {
  const path = join(folder, "prices.json");
  const recorded = { recordedAt: "2026-01-01", recordedBy: "ann", source: "the file" };
  const entry = { provider: "vllm", model: "late", prices: { input_mtok: 1 }, ...recorded };
  await writeFile(path, JSON.stringify({ formatVersion: 1, entries: [entry] }));
  const file = createPriceBookFile(path, database.db);
  const inputOf = async (projectId: string): Promise<unknown> => {
    const book = await file.current();
    const at = new Date("2026-11-01");
    return book.resolve({ provider: "vllm", model: "late", at, projectId }).named?.["input_mtok"];
  };
  expect(await inputOf("shop")).toBe(1);
  await record("shop", { model: "late", prices: { input_mtok: 5 } });
  expect([await inputOf("shop"), await inputOf("bank")]).toEqual([5, 1]);
  expect((await file.current()).version).toMatch(/\+overrides@[0-9a-f]{12}$/);
});
