import type { ObjectStore, PutOptions } from "./object-store.ts";
import { isIfAbsentUnsupported } from "./store-error.ts";
import { withLocalPath } from "./with-local-path.ts";

/** Written once per lake and left there, so that later probes cost one request and no right to delete. */
export const PROBE_KEY = "probe/v1/if-absent";
const probeBody = new TextEncoder().encode("conditional put\n");

export interface ConditionalPutOptions {
  /** Called once when the store ignores or refuses `ifAbsent`: worth a line in the log. */
  readonly onUnsupported?: (store: ObjectStore) => void;
}

/**
 * Makes `ifAbsent` usable on every store. Before the first conditional put it probes the store: some S3
 * servers overwrite in spite of `If-None-Match: *`, some refuse the header. There, each conditional put
 * becomes a look followed by a plain put, which is the same unless two writers race for one key; the
 * lake's writers have names of their own, so they do not. A probe that fails is made again by the next put.
 */
export function withConditionalPut(
  store: ObjectStore,
  options: ConditionalPutOptions = {},
): ObjectStore {
  let probe: Promise<boolean> | undefined;
  const isSupported = async (): Promise<boolean> => {
    probe ??= probeIfAbsent(store).then((supported) => {
      if (!supported) options.onUnsupported?.(store);
      return supported;
    });
    try {
      return await probe;
    } catch (error) {
      probe = undefined;
      throw error;
    }
  };
  const put = async (
    key: string,
    body: Uint8Array,
    putOptions: PutOptions = {},
  ): Promise<"created" | "exists"> => {
    if (putOptions.ifAbsent !== true || (await isSupported()))
      return await store.put(key, body, putOptions);
    const { ifAbsent: _, ...rest } = putOptions;
    if ((await store.head(key, rest)) !== undefined) return "exists";
    return await store.put(key, body, rest);
  };
  return withLocalPath(store, {
    description: store.description,
    put,
    get: (key, call) => store.get(key, call),
    head: (key, call) => store.head(key, call),
    list: (prefix, call) => store.list(prefix, call),
    delete: (keys, call) => store.delete(keys, call),
    close: () => store.close(),
  });
}

async function probeIfAbsent(store: ObjectStore): Promise<boolean> {
  try {
    const first = await store.put(PROBE_KEY, probeBody, { ifAbsent: true });
    return (
      first === "exists" || (await store.put(PROBE_KEY, probeBody, { ifAbsent: true })) === "exists"
    );
  } catch (error) {
    if (isIfAbsentUnsupported(error)) return false;
    throw error;
  }
}
