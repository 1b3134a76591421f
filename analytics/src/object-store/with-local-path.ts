import type { ObjectStore } from "./object-store.ts";

/** Gives a wrapper its store's `localPath` when the store has one; `toKey` maps the wrapper's keys to the store's. */
export function withLocalPath(
  store: ObjectStore,
  wrapper: ObjectStore,
  toKey: (key: string) => string = (key) => key,
): ObjectStore {
  if (store.localPath === undefined) return wrapper;
  return {
    ...wrapper,
    localPath: (key) => (store.localPath as (key: string) => string)(toKey(key)),
  };
}
