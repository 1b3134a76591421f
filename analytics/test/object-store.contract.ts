import { LensError } from "@lensai/otel-config/errors";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ObjectInfo, ObjectStore } from "../src/object-store/object-store.ts";

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** Another client of the same objects, as another process would have it. */
  readonly sameObjects: ObjectStore;
  close(): Promise<void>;
}

export interface ContractOptions {
  readonly open: () => Promise<StoreUnderTest>;
  /** More than one page of a listing and one chunk of a deletion. Slow servers get by with less. */
  readonly manyObjects: number;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

export async function collect(listing: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of listing) infos.push(info);
  return infos;
}

export async function keysUnder(
  store: ObjectStore,
  prefix: string,
  startAfter?: string,
): Promise<string[]> {
  const listing = store.list(prefix, startAfter === undefined ? {} : { startAfter });
  return (await collect(listing)).map(({ key }) => key);
}

/** The keys of a folder after one of them, without the folder. */
async function keysAfter(store: ObjectStore, folder: string, key: string): Promise<string[]> {
  const found = await keysUnder(store, folder, `${folder}/${key}`);
  return found.map((full) => full.slice(folder.length + 1));
}

/** The rules that every object store keeps. */
export function describeObjectStore(name: string, options: ContractOptions): void {
  describe(`object store contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ObjectStore;
    let run = 0;
    let root = "";

    beforeAll(async () => {
      under = await options.open();
      store = under.store;
    });
    beforeEach(() => {
      run += 1;
      root = `contract/${run}`;
    });
    afterAll(async () => {
      await under.close();
    });

    describe("put and get", () => {
      test("gives back the bytes that were put, any byte and none at all", async () => {
        const allBytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
        await store.put(`${root}/all`, allBytes);
        await store.put(`${root}/none`, new Uint8Array(0));
        expect(Buffer.compare(await store.get(`${root}/all`), allBytes)).toBe(0);
        expect(await store.get(`${root}/none`)).toHaveLength(0);
      });

      test("puts the part of a buffer that it was given, not the whole buffer", async () => {
        await store.put(`${root}/part`, bytes("0123456789").subarray(2, 5));
        expect(text(await store.get(`${root}/part`))).toBe("234");
      });

      test("is not changed by a later change of the caller's buffer", async () => {
        const body = bytes("before");
        await store.put(`${root}/copied`, body);
        body.fill(0);
        expect(text(await store.get(`${root}/copied`))).toBe("before");
      });

      test("replaces an object without ifAbsent", async () => {
        expect(await store.put(`${root}/a`, bytes("a longer first body"))).toBe("created");
        expect(await store.put(`${root}/a`, bytes("second"))).toBe("created");
        expect(text(await store.get(`${root}/a`))).toBe("second");
      });

      test("shows another client what was put", async () => {
        await store.put(`${root}/shared`, bytes("seen"));
        expect(text(await under.sameObjects.get(`${root}/shared`))).toBe("seen");
        expect(await keysUnder(under.sameObjects, root)).toEqual([`${root}/shared`]);
      });

      test("rejects with lake.object_missing for a key that does not exist", async () => {
        await expect(store.get(`${root}/absent`)).rejects.toMatchObject({
          code: "lake.object_missing",
          retryable: false,
        });
      });

      test("keeps keys with spaces, accents, emoji, equals and plus signs apart", async () => {
        const keys = ["x y+ü=1/ä b.txt", "x y+ü=1/emoji 🙂", "x y+ü=1/%20", "x y+ü=1/a&b'c\"d"];
        for (const key of keys) await store.put(`${root}/${key}`, bytes(key));
        for (const key of keys) expect(text(await store.get(`${root}/${key}`))).toBe(key);
        expect((await keysUnder(store, root)).toSorted()).toEqual(
          keys.map((key) => `${root}/${key}`).toSorted(),
        );
      });
    });

    describe("put with ifAbsent", () => {
      test("creates once and leaves the first object alone", async () => {
        expect(await store.put(`${root}/a`, bytes("first"), { ifAbsent: true })).toBe("created");
        expect(await store.put(`${root}/a`, bytes("second"), { ifAbsent: true })).toBe("exists");
        expect(text(await store.get(`${root}/a`))).toBe("first");
      });

      test("has one winner among 20 concurrent writers, and its body stays", async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, async (_, index) => {
            const client = index % 2 === 0 ? store : under.sameObjects;
            return await client.put(`${root}/raced`, bytes(`writer ${index}`), { ifAbsent: true });
          }),
        );
        const winners = outcomes.flatMap((outcome, index) =>
          outcome === "created" ? [index] : [],
        );
        expect(winners).toHaveLength(1);
        expect(text(await store.get(`${root}/raced`))).toBe(`writer ${winners[0]}`);
      });

      test("creates again after a deletion", async () => {
        await store.put(`${root}/a`, bytes("first"), { ifAbsent: true });
        await store.delete([`${root}/a`]);
        expect(await store.put(`${root}/a`, bytes("second"), { ifAbsent: true })).toBe("created");
      });
    });

    test("never shows a reader half an object while it is replaced", async () => {
      const versions = ["a", "b"].map((letter) => bytes(letter.repeat(200_000)));
      await store.put(`${root}/a`, versions[0] as Uint8Array);
      const writer = (async () => {
        for (let round = 0; round < 10; round += 1) {
          await store.put(`${root}/a`, versions[round % 2] as Uint8Array);
        }
      })();
      for (let round = 0; round < 10; round += 1) {
        const seen = await under.sameObjects.get(`${root}/a`);
        expect(seen).toHaveLength(200_000);
        expect(new Set(seen).size).toBe(1);
      }
      await writer;
    });

    describe("head", () => {
      test("gives key, size and a time near now", async () => {
        await store.put(`${root}/a`, bytes("12345"));
        const info = await store.head(`${root}/a`);
        expect(info).toMatchObject({ key: `${root}/a`, sizeBytes: 5 });
        expect(Math.abs((info?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      });

      test("gives undefined for an absent key and for a mere folder", async () => {
        await store.put(`${root}/folder/a`, bytes("1"));
        expect(await store.head(`${root}/absent`)).toBeUndefined();
        expect(await store.head(`${root}/folder`)).toBeUndefined();
        expect(await store.head(`${root}/folder/a/below-a-file`)).toBeUndefined();
      });
    });

    describe("list", () => {
      test("gives keys, sizes and times", async () => {
        await store.put(`${root}/a`, bytes("123"));
        const [info] = await collect(store.list(root));
        expect(info).toMatchObject({ key: `${root}/a`, sizeBytes: 3 });
        expect(info?.modifiedAt).toBeInstanceOf(Date);
      });

      test("takes the prefix as text, not as a folder", async () => {
        for (const key of ["dt=1/a", "dt=1/b", "dt=10/a", "other"])
          await store.put(`${root}/${key}`, bytes("x"));
        expect(await keysUnder(store, `${root}/dt=1`)).toEqual(
          ["dt=1/a", "dt=1/b", "dt=10/a"].map((key) => `${root}/${key}`),
        );
        expect(await keysUnder(store, `${root}/dt=1/`)).toHaveLength(2);
        expect(await keysUnder(store, `${root}/dt=1/a`)).toEqual([`${root}/dt=1/a`]);
      });

      test("is empty for a prefix that nothing has, and for one that leads out of the store", async () => {
        await store.put(`${root}/a`, bytes("x"));
        expect(await keysUnder(store, `${root}/nothing/`)).toEqual([]);
        expect(await keysUnder(store, `${root}/../`)).toEqual([]);
      });

      test("goes on strictly after startAfter, whether or not that key exists", async () => {
        for (const key of ["a/1", "a/2", "b/1", "c"]) await store.put(`${root}/${key}`, bytes("x"));
        expect(await keysAfter(store, root, "a/1")).toEqual(["a/2", "b/1", "c"]);
        expect(await keysAfter(store, root, "a/15")).toEqual(["a/2", "b/1", "c"]);
        expect(await keysAfter(store, root, "a")).toEqual(["a/1", "a/2", "b/1", "c"]);
        expect(await keysAfter(store, root, "a0")).toEqual(["b/1", "c"]);
        expect(await keysAfter(store, root, "c")).toEqual([]);
      });

      test("orders keys by their bytes, folders included", async () => {
        const keys = ["a/b", "a-b", "a.b", "a/b-c", "a/bc/d", "a0", "é", "z", "\uffee", "😀"];
        for (const key of keys) await store.put(`${root}/${key}`, bytes("x"));
        const expected = keys
          .map((key) => Buffer.from(`${root}/${key}`))
          .sort((left, right) => Buffer.compare(left, right))
          .map(String);
        expect(await keysUnder(store, `${root}/`)).toEqual(expected);
      });

      test("gives every object of a listing that is longer than one page, once and in order", async () => {
        const keys = Array.from(
          { length: options.manyObjects },
          (_, index) => `${root}/many/${String(index).padStart(5, "0")}`,
        );
        for (let from = 0; from < keys.length; from += 50) {
          await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, bytes("x"))));
        }
        expect(await keysUnder(store, `${root}/many/`)).toEqual(keys);
        await store.delete(keys);
        expect(await keysUnder(store, `${root}/many/`)).toEqual([]);
      });
    });

    describe("delete", () => {
      test("removes what it names and nothing else", async () => {
        for (const key of ["a", "b", "c"]) await store.put(`${root}/${key}`, bytes(key));
        await store.delete([`${root}/a`, `${root}/c`]);
        expect(await keysUnder(store, root)).toEqual([`${root}/b`]);
        expect(await store.head(`${root}/a`)).toBeUndefined();
      });

      test("takes absent keys and an empty list without an error", async () => {
        await store.delete([]);
        await store.put(`${root}/a`, bytes("x"));
        await store.delete([`${root}/absent`, `${root}/a/below-a-file`, `${root}/a`]);
        expect(await keysUnder(store, root)).toEqual([]);
      });
    });

    describe("keys", () => {
      test.each([
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "a/../b",
        "a/./b",
        "a\\b",
        "a\u0000b",
        "a\nb",
        "\ud800",
        "a/.unfinished-1",
        `a/${"p".repeat(256)}`,
        `${"long/".repeat(220)}k`,
      ])("refuses %j in every call and touches nothing", async (key) => {
        const refusal = { code: "lake.store_refused", retryable: false };
        await expect(store.put(key, bytes("x"))).rejects.toMatchObject(refusal);
        await expect(store.get(key)).rejects.toMatchObject(refusal);
        await expect(store.head(key)).rejects.toMatchObject(refusal);
        await expect(store.delete([key])).rejects.toMatchObject(refusal);
      });

      test("takes parts of 255 bytes", async () => {
        const key = `${root}/${"p".repeat(255)}`;
        await store.put(key, bytes("x"));
        expect(text(await store.get(key))).toBe("x");
      });
    });

    test("rejects every call with the reason of a signal that is aborted, and does nothing", async () => {
      const reason = new Error("the caller left");
      const call = { signal: AbortSignal.abort(reason) };
      await expect(store.put(`${root}/a`, bytes("x"), call)).rejects.toBe(reason);
      await expect(store.get(`${root}/a`, call)).rejects.toBe(reason);
      await expect(store.head(`${root}/a`, call)).rejects.toBe(reason);
      await expect(collect(store.list(root, call))).rejects.toBe(reason);
      await expect(store.delete([`${root}/a`], call)).rejects.toBe(reason);
      expect(await keysUnder(store, root)).toEqual([]);
    });

    test("behaves like a map from keys to bytes under any sequence of calls", async () => {
      const key = fc.constantFrom("a", "b/c", "b/d", "b-c");
      const step = fc.oneof(
        fc.record({
          kind: fc.constant("put" as const),
          key,
          body: fc.uint8Array({ maxLength: 40 }),
          ifAbsent: fc.boolean(),
        }),
        fc.record({ kind: fc.constant("delete" as const), key }),
      );
      let example = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          example += 1;
          const folder = `${root}/model/${example}/`;
          const model = new Map<string, Uint8Array>();
          for (const one of steps) {
            const full = folder + one.key;
            if (one.kind === "delete") {
              await store.delete([full]);
              model.delete(full);
              continue;
            }
            const left = one.ifAbsent && model.has(full);
            expect(await store.put(full, one.body, { ifAbsent: one.ifAbsent })).toBe(
              left ? "exists" : "created",
            );
            if (!left) model.set(full, one.body);
          }
          const listed = await collect(store.list(folder));
          expect(listed.map((info) => info.key)).toEqual([...model.keys()].toSorted());
          for (const { key: at, sizeBytes } of listed)
            expect(sizeBytes).toBe(model.get(at)?.length);
          for (const [at, body] of model) expect(Buffer.compare(await store.get(at), body)).toBe(0);
        }),
        { numRuns: 15 },
      );
    });

    test("says what it is without naming a secret", () => {
      expect(store.description).not.toBe("");
      expect(store.description).not.toContain("secret");
    });

    test("closes twice", async () => {
      const own = await options.open();
      await own.store.close();
      await expect(own.store.close()).resolves.toBeUndefined();
      await own.close();
    });

    test("reports LensErrors only", async () => {
      const error = await store.get(`${root}/absent`).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LensError);
    });
  });
}
