import { assertObjectKey } from "./object-key.ts";
import type { ListOptions, ObjectInfo, ObjectStore } from "./object-store.ts";
import { withLocalPath } from "./with-local-path.ts";

/**
 * A store whose keys all live under `prefix` of another one. An empty prefix is the store itself.
 * `prefix` is a key without a closing slash; `lake.store_refused` when it is not a usable one.
 */
export function withPrefix(store: ObjectStore, prefix: string): ObjectStore {
  if (prefix === "") return store;
  assertObjectKey(prefix);
  const toKey = (key: string): string => {
    assertObjectKey(key);
    return `${prefix}/${key}`;
  };
  const wrapper: ObjectStore = {
    description: `${store.description} under ${prefix}/`,
    put: async (key, body, options) => await store.put(toKey(key), body, options),
    get: async (key, options) => await store.get(toKey(key), options),
    head: async (key, options) => {
      const info = await store.head(toKey(key), options);
      return info === undefined ? undefined : { ...info, key };
    },
    list: (within, options) =>
      listWithin(store, { prefix: `${prefix}/`, within, options: options ?? {} }),
    delete: async (keys, options) => await store.delete(keys.map(toKey), options),
    close: async () => await store.close(),
  };
  return withLocalPath(store, wrapper, toKey);
}

async function* listWithin(
  store: ObjectStore,
  { prefix, within, options }: { prefix: string; within: string; options: ListOptions },
): AsyncGenerator<ObjectInfo> {
  const { startAfter, ...rest } = options;
  const after = startAfter === undefined ? {} : { startAfter: prefix + startAfter };
  for await (const info of store.list(prefix + within, { ...rest, ...after })) {
    yield { ...info, key: info.key.slice(prefix.length) };
  }
}
