import type { ObjectStore, PutOptions } from "../src/object-store/object-store.ts";
import { storeUnavailable } from "../src/object-store/store-error.ts";
import { withLocalPath } from "../src/object-store/with-local-path.ts";

/** What can go wrong with one call. `half-write` leaves the first part of a put under the final key. */
export type StoreFault = "fail-before" | "fail-after" | "half-write" | "stall";

export type StoreCall = "put" | "get" | "head" | "list" | "delete";

/** Does the call fail as with fail-before? What only reads has nothing to do half, or to have done. */
export function isFailBefore(fault: StoreFault, call: StoreCall): boolean {
  if (fault === "fail-after") return call !== "put" && call !== "delete";
  return fault === "fail-before" || (fault === "half-write" && call !== "put");
}

export interface FaultyStore {
  readonly store: ObjectStore;
  /** Lets every stalled call go on, as if the network came back. */
  release(): void;
  /** How many calls met a fault. */
  readonly faultCount: () => number;
}

/**
 * A store whose calls fail as `nextFault` says, asked once per call. A fault that says half-write is a
 * fail-before for calls other than put. A stalled call waits for `release` or for its signal.
 */
export function faultyStore(
  store: ObjectStore,
  nextFault: (call: StoreCall) => StoreFault | undefined,
): FaultyStore {
  let faultCount = 0;
  let stalled: (() => void)[] = [];

  async function perform<T>(
    call: StoreCall,
    signal: AbortSignal | undefined,
    steps: { work: () => Promise<T>; half?: () => Promise<unknown> },
  ): Promise<T> {
    const fault = nextFault(call);
    if (fault === undefined) return await steps.work();
    faultCount += 1;
    if (fault === "stall") {
      await stall(signal);
      return await steps.work();
    }
    if (fault === "fail-after") await steps.work();
    if (fault === "half-write") await steps.half?.();
    throw storeUnavailable(`injected fault: ${fault}`);
  }

  async function stall(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resume, reject) => {
      stalled.push(resume);
      signal?.addEventListener("abort", () => {
        reject(signal.reason as Error);
      });
    });
  }

  const put = async (
    key: string,
    body: Uint8Array,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> =>
    await perform("put", options.signal, {
      work: async () => await store.put(key, body, options),
      half: async () => await store.put(key, body.subarray(0, body.length >> 1), options),
    });

  const faulty = withLocalPath(store, {
    description: `faulty ${store.description}`,
    put,
    get: (key, options) => perform("get", options?.signal, { work: () => store.get(key, options) }),
    head: (key, options) =>
      perform("head", options?.signal, { work: () => store.head(key, options) }),
    async *list(prefix, options) {
      await perform("list", options?.signal, { work: async () => undefined });
      yield* store.list(prefix, options);
    },
    delete: (keys, options) =>
      perform("delete", options?.signal, { work: () => store.delete(keys, options) }),
    close: () => store.close(),
  });
  return {
    store: faulty,
    release: () => {
      for (const resume of stalled) resume();
      stalled = [];
    },
    faultCount: () => faultCount,
  };
}
