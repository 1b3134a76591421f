import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { withPrefix } from "../../src/object-store/with-prefix.ts";
import { describeObjectStore, keysUnder } from "../object-store.contract.ts";

describeObjectStore("with prefix", {
  manyObjects: 100,
  open: async () => {
    const inner = new MemoryStore();
    const store = withPrefix(inner, "team a/lake");
    return { store, sameObjects: withPrefix(inner, "team a/lake"), close: () => store.close() };
  },
});

describe("with prefix", () => {
  test("keeps to its prefix and away from a neighbour whose name starts alike", async () => {
    const inner = new MemoryStore();
    const store = withPrefix(inner, "lake");
    await inner.put("lake2/x", new Uint8Array(1));
    await store.put("x", new Uint8Array(1));
    expect(await keysUnder(inner, "")).toEqual(["lake/x", "lake2/x"]);
    expect(await keysUnder(store, "")).toEqual(["x"]);
  });

  test("is the store itself for an empty prefix, and refuses an unusable one", () => {
    const inner = new MemoryStore();
    expect(withPrefix(inner, "")).toBe(inner);
    expect(() => withPrefix(inner, "../up")).toThrow(/cannot be used/);
  });
});
