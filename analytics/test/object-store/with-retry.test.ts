import type { LensError } from "@lensai/otel-config/errors";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import type { ObjectStore } from "../../src/object-store/object-store.ts";
import {
  storeRefused,
  storeTimedOut,
  storeUnavailable,
} from "../../src/object-store/store-error.ts";
import { withRetry } from "../../src/object-store/with-retry.ts";
import { describeObjectStore, keysUnder } from "../object-store.contract.ts";

const body = new TextEncoder().encode("body");

function retrying(
  store: ObjectStore,
  random: () => number = () => 1,
): { store: ObjectStore; pauses: number[] } {
  const pauses: number[] = [];
  const options = { attempts: 4, basePauseMs: 100, maxPauseMs: 250, random };
  const sleep = async (pauseMs: number): Promise<void> => {
    pauses.push(pauseMs);
  };
  return { store: withRetry(store, { ...options, sleep }), pauses };
}

/** A memory store whose gets and listings fail `failures` times. */
function failing(failures: number, error: LensError): MemoryStore {
  let left = failures;
  const fail = (): void => {
    left -= 1;
    if (left >= 0) throw error;
  };
  return new (class extends MemoryStore {
    override async get(key: string): Promise<Uint8Array> {
      fail();
      return await super.get(key);
    }
    override async *list(prefix: string, options = {}): ReturnType<MemoryStore["list"]> {
      for await (const info of super.list(prefix, options)) {
        yield info;
        fail();
      }
    }
  })();
}

describeObjectStore("with retry", {
  manyObjects: 100,
  open: async () => {
    const store = retrying(new MemoryStore()).store;
    return { store, sameObjects: store, close: () => store.close() };
  },
});

describe("with retry", () => {
  test("tries again after a retryable error, with pauses that double up to the cap", async () => {
    const inner = failing(3, storeUnavailable("busy"));
    await inner.put("a", body);
    const { store, pauses } = retrying(inner);
    expect(await store.get("a")).toEqual(body);
    expect(pauses).toEqual([100, 200, 250]);
  });

  test("draws each pause from all of zero to its bound", async () => {
    const inner = failing(3, storeUnavailable("busy"));
    await inner.put("a", body);
    const draws = [0, 0.5, 0.2];
    const { store, pauses } = retrying(inner, () => draws.shift() ?? 1);
    await store.get("a");
    expect(pauses).toEqual([0, 100, 50]);
  });

  test("gives up after the last try with its error", async () => {
    const error = storeUnavailable("busy");
    const { store, pauses } = retrying(failing(4, error));
    await expect(store.get("a")).rejects.toBe(error);
    expect(pauses).toHaveLength(3);
  });

  test("does not repeat what cannot succeed", async () => {
    const error = storeRefused("no access");
    const { store, pauses } = retrying(failing(1, error));
    await expect(store.get("a")).rejects.toBe(error);
    expect(pauses).toEqual([]);
  });

  test("does not repeat a call that used up its time", async () => {
    const error = storeTimedOut("no answer within 60 s");
    const { store, pauses } = retrying(failing(1, error));
    await expect(store.get("a")).rejects.toBe(error);
    expect(pauses).toEqual([]);
  });

  test("goes on with a listing where it broke, without a key twice", async () => {
    const inner = failing(3, storeUnavailable("busy"));
    for (const key of ["a", "b", "c", "d"]) await inner.put(key, body);
    const { store } = retrying(inner);
    expect(await keysUnder(store, "")).toEqual(["a", "b", "c", "d"]);
  });

  test("ends its pause when the signal is aborted, with the signal's reason", async () => {
    const abort = new AbortController();
    const store = withRetry(failing(9, storeUnavailable("busy")), {
      attempts: 9,
      basePauseMs: 3_600_000,
      maxPauseMs: 3_600_000,
      random: () => 1,
    });
    const reason = new Error("stopping");
    const get = store.get("a", { signal: abort.signal });
    setImmediate(() => {
      abort.abort(reason);
    });
    await expect(get).rejects.toBe(reason);
  });
});
