import { assertObjectKey, compareKeys } from "./object-key.ts";
import type {
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  StoreCallOptions,
} from "./object-store.ts";
import { objectMissing } from "./store-error.ts";

interface StoredObject {
  readonly body: Uint8Array;
  readonly modifiedAt: Date;
}

/** Objects in this process's memory: for tests and tools. Bodies are copied on the way in and out. */
export class MemoryStore implements ObjectStore {
  readonly description = "memory store";
  readonly #objects = new Map<string, StoredObject>();
  readonly #now: () => Date;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  async put(
    key: string,
    body: Uint8Array,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    options.signal?.throwIfAborted();
    assertObjectKey(key);
    if (options.ifAbsent === true && this.#objects.has(key)) return "exists";
    this.#objects.set(key, { body: body.slice(), modifiedAt: this.#now() });
    return "created";
  }

  async get(key: string, options: StoreCallOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    assertObjectKey(key);
    const object = this.#objects.get(key);
    if (object === undefined) throw objectMissing(key, this.description);
    return object.body.slice();
  }

  async head(key: string, options: StoreCallOptions = {}): Promise<ObjectInfo | undefined> {
    options.signal?.throwIfAborted();
    assertObjectKey(key);
    const object = this.#objects.get(key);
    return object === undefined ? undefined : objectInfo(key, object);
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { startAfter = "", signal } = options;
    const keys = [...this.#objects.keys()].filter(
      (key) => key.startsWith(prefix) && compareKeys(key, startAfter) > 0,
    );
    for (const key of keys.sort(compareKeys)) {
      signal?.throwIfAborted();
      const object = this.#objects.get(key);
      if (object !== undefined) yield objectInfo(key, object);
    }
    signal?.throwIfAborted();
  }

  async delete(keys: readonly string[], options: StoreCallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    for (const key of keys) assertObjectKey(key);
    for (const key of keys) this.#objects.delete(key);
  }

  async close(): Promise<void> {
    // holds nothing but memory
  }
}

function objectInfo(key: string, object: StoredObject): ObjectInfo {
  return { key, sizeBytes: object.body.length, modifiedAt: object.modifiedAt };
}
