import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DuckDb } from "../../src/duckdb/connect.ts";
import type { DuckDbOptions } from "../../src/duckdb/connect.ts";
import { sql } from "../../src/duckdb/sql.ts";

/** Runs for hours unless it is stopped. */
const ENDLESS = sql`SELECT sum(a.range * b.range % 7) AS answer
  FROM range(10000000) AS a, range(10000000) AS b`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lensai-duckdb-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function withDuckDb<T>(
  options: DuckDbOptions,
  use: (duckDb: DuckDb) => Promise<T>,
): Promise<T> {
  const duckDb = new DuckDb(options);
  try {
    return await use(duckDb);
  } finally {
    await duckDb.close();
  }
}

test("binds text, 64-bit integers, truth values and lists, and returns them unchanged", async () => {
  const most = 9_223_372_036_854_775_807n;
  const text = "O'Neil; -- $1 \u0000 é😀";
  const rows = await withDuckDb({}, (duckDb) =>
    duckDb.query(sql`SELECT ${text} AS a, ${most} AS b, ${-most - 1n} AS c, ${true} AS d,
      ${["x", "y'"]} AS e, typeof(${5n}) AS f, NULL AS g, 1.5::DOUBLE AS h, len(${[]}) AS i`),
  );
  expect(rows).toEqual([
    {
      a: text,
      b: most,
      c: -most - 1n,
      d: true,
      e: ["x", "y'"],
      f: "BIGINT",
      g: null,
      h: 1.5,
      i: 0n,
    },
  ]);
});

test("closes the engine when nobody asks for a while, and opens it again", async () => {
  await withDuckDb({ idleMs: 20 }, async (duckDb) => {
    await duckDb.query(sql`SELECT 1`);
    expect(duckDb.isOpen).toBe(true);
    await expect.poll(() => duckDb.isOpen).toBe(false);
    const answers = await Promise.all([duckDb.query(sql`SELECT 2`), duckDb.query(sql`SELECT 3`)]);
    expect(answers).toHaveLength(2);
    expect(duckDb.isOpen).toBe(true);
  });
});

test("stops a query at its time-out and stays usable", async () => {
  await withDuckDb({ maxRunning: 1 }, async (duckDb) => {
    const stopped = duckDb.query(ENDLESS, { timeoutMs: 100 });
    await expect(stopped).rejects.toMatchObject({ code: "query.timeout", retryable: true });
    expect(await duckDb.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });
});

test("the time spent waiting for a place counts", async () => {
  await withDuckDb({ maxRunning: 1 }, async (duckDb) => {
    const holder = duckDb.query(ENDLESS, { timeoutMs: 400 });
    const waiter = duckDb.query(sql`SELECT 1 AS one`, { timeoutMs: 50 });
    await expect(waiter).rejects.toMatchObject({ code: "query.timeout" });
    await expect(holder).rejects.toMatchObject({ code: "query.timeout" });
    expect(await duckDb.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });
});

test("stops a query when its caller has gone", async () => {
  await withDuckDb({}, async (duckDb) => {
    const caller = new AbortController();
    const asked = duckDb.query(ENDLESS, { signal: caller.signal });
    await duckDb.query(sql`SELECT 1 AS one`);
    caller.abort(new Error("gone"));
    await expect(asked).rejects.toThrow("gone");
    const late = duckDb.query(sql`SELECT 1 AS one`, { signal: caller.signal });
    await expect(late).rejects.toThrow("gone");
  });
});

test("runs many queries, and refuses those beyond the queue", async () => {
  await withDuckDb({ maxRunning: 1 }, async (duckDb) => {
    const queries = Array.from({ length: 300 }, (_, index) =>
      duckDb.query(sql`SELECT ${BigInt(index)} AS answer`),
    );
    const settled = await Promise.allSettled(queries);
    const answered = settled.filter((one) => one.status === "fulfilled");
    expect(answered.map((one) => one.value[0]?.["answer"])).toEqual(
      Array.from({ length: 257 }, (_, index) => BigInt(index)),
    );
    const refused = settled.filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(43);
    expect(refused[0]?.reason).toMatchObject({ code: "query.timeout", retryable: true });
  });
});

test("a file that went away, and a file that is no Parquet, are told apart", async () => {
  const broken = join(folder, "broken.parquet");
  await writeFile(broken, "PAR1 this is not a Parquet file");
  await withDuckDb({}, async (duckDb) => {
    const read = (file: string) => duckDb.query(sql`SELECT * FROM read_parquet(${[file]})`);
    await expect(read(join(folder, "absent.parquet"))).rejects.toMatchObject({
      code: "lake.object_missing",
      retryable: true,
    });
    await expect(read(broken)).rejects.toMatchObject({ code: "lake.file_corrupt" });
    await expect(duckDb.query(sql`SELECT nothing`)).rejects.toMatchObject({ code: "internal" });
  });
});

/** More than the memory limit that it is asked with. */
const SORTED = sql`SELECT count(*) AS rows FROM
  (SELECT md5(range::VARCHAR) AS digest, repeat('x', 100) AS text FROM range(1500000) ORDER BY digest LIMIT 1400000)`;

test("a full disk is told as one, and no file as missing", async () => {
  await withDuckDb({}, async (duckDb) => {
    const full = duckDb.query(
      sql`COPY (SELECT range FROM range(100000)) TO '/dev/full' (FORMAT parquet)`,
    );
    await expect(full).rejects.toMatchObject({
      code: "lake.store_unavailable",
      message: expect.stringContaining("free some space") as string,
      retryable: true,
    });
  });
});

test("a folder for temporary files that cannot be written is told as that", async () => {
  const file = join(folder, "a file where a folder should be");
  await writeFile(file, "");
  await withDuckDb(
    { memoryLimit: "60MB", tempDirectory: join(file, "temporary") },
    async (duckDb) => {
      await expect(duckDb.query(SORTED)).rejects.toMatchObject({ code: "lake.store_refused" });
    },
  );
});

test("its settings cannot be changed by a query, and no extension is loaded by itself", async () => {
  await withDuckDb({ memoryLimit: "64MB", threads: 1 }, async (duckDb) => {
    await expect(duckDb.query(sql`SET memory_limit = '8GB'`)).rejects.toThrow("failed");
    const settings = await duckDb.query(sql`SELECT current_setting('threads') AS threads,
      current_setting('memory_limit') AS memory, current_setting('autoload_known_extensions') AS auto`);
    expect(settings).toEqual([{ threads: 1n, memory: "61.0 MiB", auto: false }]);
  });
});

test("a query beyond the memory limit fails alone", async () => {
  await withDuckDb({ memoryLimit: "32MB", threads: 1 }, async (duckDb) => {
    const greedy = duckDb.query(sql`SELECT list(range) AS all_of_them FROM range(50000000)`);
    await expect(greedy).rejects.toMatchObject({ code: "internal" });
    expect(await duckDb.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });
});

test("close stops what runs, can be called twice, and ends all use", async () => {
  const duckDb = new DuckDb();
  const [running] = await Promise.allSettled([duckDb.query(ENDLESS), duckDb.close()]);
  expect(running).toMatchObject({ status: "rejected", reason: { code: "internal" } });
  await duckDb.close();
  await expect(duckDb.query(sql`SELECT 1 AS one`)).rejects.toThrow("closed");
});
