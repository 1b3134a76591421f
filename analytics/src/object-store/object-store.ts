/**
 * Where the lake's objects live. One contract test suite (test/object-store.contract.ts) runs against
 * every implementation. Keys are as object-key.ts says; no key may be the folder of another (`a` beside
 * `a/b`), because a folder cannot hold both.
 *
 * Errors are LensErrors: `lake.object_missing` (get of an absent key), `lake.store_unavailable`
 * (retryable: network, 5xx, throttling, time-out, disk full), `lake.store_refused` (not retryable: wrong
 * credentials, no permission, bad bucket, unusable key). A call whose signal is aborted rejects with the
 * signal's reason; whether its work was done is then unknown.
 */
export interface ObjectStore {
  /** For messages: never contains a secret. */
  readonly description: string;

  /**
   * Writes a whole object. It becomes visible complete or not at all, and is durable on return.
   * With `ifAbsent`, an object that already exists is left alone and the answer is "exists"; of many
   * concurrent writers exactly one gets "created". Without it an existing object is replaced.
   * A call that failed may still have been carried out, so "exists" can mean the caller's own earlier try.
   */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<"created" | "exists">;

  /** Reads a whole object. */
  get(key: string, options?: StoreCallOptions): Promise<Uint8Array>;

  /** Size and time of an object; undefined when it does not exist. */
  head(key: string, options?: StoreCallOptions): Promise<ObjectInfo | undefined>;

  /** All objects whose key starts with `prefix`, in ascending byte order of their keys. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;

  /** Deletes objects. A key that does not exist is not an error. A failed call may have deleted some. */
  delete(keys: readonly string[], options?: StoreCallOptions): Promise<void>;

  /** The local file of an object, when the store is a folder: lets readers skip the download cache. */
  localPath?(key: string): string;

  /** Frees connections. Safe to call twice. */
  close(): Promise<void>;
}

export interface StoreCallOptions {
  readonly signal?: AbortSignal;
}

export interface PutOptions extends StoreCallOptions {
  readonly ifAbsent?: boolean;
}

export interface ListOptions extends StoreCallOptions {
  /** Only keys strictly greater than this one. */
  readonly startAfter?: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}
