import { expect, test } from "vitest";
import { ResultCache } from "#lib/server/result-cache.ts";

test("computes an answer once, also for callers who ask at the same time", async () => {
  const cache = new ResultCache();
  let computed = 0;
  const compute = (): Promise<number> => Promise.resolve((computed += 1));
  expect(await Promise.all([cache.get("a", compute), cache.get("a", compute)])).toEqual([1, 1]);
  expect(await cache.get("a", compute)).toBe(1);
  expect(await cache.get("b", compute)).toBe(2);
});

test("does not keep a failure", async () => {
  const cache = new ResultCache();
  await expect(cache.get("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await cache.get("a", () => Promise.resolve("yes"))).toBe("yes");
});

test("lets go of what was asked for longest ago", async () => {
  const cache = new ResultCache(2);
  const asked: string[] = [];
  const ask = (key: string): Promise<string> =>
    cache.get(key, () => {
      asked.push(key);
      return Promise.resolve(key);
    });
  for (const key of ["a", "b", "a", "c", "a", "b"]) await ask(key);
  expect(asked).toEqual(["a", "b", "c", "b"]);
});
