import { setTimeout as delay } from "node:timers/promises";
import { LensError } from "@lensai/otel-config/errors";
import type { ListOptions, ObjectInfo, ObjectStore } from "./object-store.ts";
import { isTimeOut } from "./store-error.ts";
import { withLocalPath } from "./with-local-path.ts";

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Upper bound of the first pause; each further one doubles it. */
  readonly basePauseMs: number;
  readonly maxPauseMs: number;
  readonly sleep?: (pauseMs: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/**
 * Repeats calls that failed with a retryable LensError, with exponential pauses and full jitter
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). A listing goes on
 * after the last key it gave. After the last try the error is the last one; a call that used up its time is
 * not repeated.
 */
export function withRetry(store: ObjectStore, options: RetryOptions): ObjectStore {
  const retry = retryer(options);
  return withLocalPath(store, {
    description: store.description,
    put: (key, body, call) => retry(call?.signal, () => store.put(key, body, call)),
    get: (key, call) => retry(call?.signal, () => store.get(key, call)),
    head: (key, call) => retry(call?.signal, () => store.head(key, call)),
    list: (prefix, call) => listWithRetry(store, { prefix, call: call ?? {}, retry }),
    delete: (keys, call) => retry(call?.signal, () => store.delete(keys, call)),
    close: () => store.close(),
  });
}

type Retry = <T>(signal: AbortSignal | undefined, attempt: () => Promise<T>) => Promise<T>;

function retryer(options: RetryOptions): Retry {
  const { attempts, basePauseMs, maxPauseMs, sleep = pause, random = Math.random } = options;
  return async (signal, attempt) => {
    for (let tried = 1; ; tried += 1) {
      try {
        return await attempt();
      } catch (error) {
        const isLast = tried >= attempts || signal?.aborted === true;
        if (isLast || !isWorthAnotherTry(error)) throw error;
        await sleep(random() * Math.min(maxPauseMs, basePauseMs * 2 ** (tried - 1)), signal);
        signal?.throwIfAborted();
      }
    }
  };
}

function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof LensError && error.retryable && !isTimeOut(error);
}

async function pause(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal });
  } catch {
    // aborted: the caller throws the signal's own reason
  }
}

/**
 * Every step has its own tries: a listing that goes forward is not given up for its length.
 *
 * @yields one object
 */
async function* listWithRetry(
  store: ObjectStore,
  { prefix, call, retry }: { prefix: string; call: ListOptions; retry: Retry },
): AsyncGenerator<ObjectInfo> {
  let lastKey = call.startAfter;
  let listing: AsyncIterator<ObjectInfo> | undefined;
  for (;;) {
    const step = await retry(call.signal, async () => {
      const after = lastKey === undefined ? {} : { startAfter: lastKey };
      listing ??= store.list(prefix, { ...call, ...after })[Symbol.asyncIterator]();
      try {
        return await listing.next();
      } catch (error) {
        listing = undefined;
        throw error;
      }
    });
    if (step.done === true) return;
    lastKey = step.value.key;
    yield step.value;
  }
}
