/** `requests` in a row, refilled evenly over `windowSeconds`. */
export interface RatePolicy {
  readonly name: string;
  readonly requests: number;
  readonly windowSeconds: number;
}

export interface RateVerdict {
  readonly isAllowed: boolean;
  /** Requests that would be allowed at once now. */
  readonly remaining: number;
  /** Until all of them are again. */
  readonly resetSeconds: number;
  /** Until the next one is; 0 when it is now. */
  readonly retryAfterSeconds: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Callers remembered at once; beyond it the one that has been silent longest is forgotten, which is in its favour. */
const BUCKETS_MAX = 10_000;

/** Token buckets in memory: of several consoles each has its own. */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();

  /** Counts one request of `who`. */
  take(policy: RatePolicy, who: string, nowMs: number): RateVerdict {
    const key = `${policy.name} ${who}`;
    const perMs = policy.requests / (policy.windowSeconds * 1000);
    const known = this.#buckets.get(key) ?? { tokens: policy.requests, atMs: nowMs };
    // A clock that was set back gives nothing and takes nothing.
    const gained = Math.max(0, nowMs - known.atMs) * perMs;
    const tokens = Math.min(policy.requests, known.tokens + gained);
    const isAllowed = tokens >= 1;
    const left = isAllowed ? tokens - 1 : tokens;
    this.#keep(key, { tokens: left, atMs: nowMs });
    return {
      isAllowed,
      remaining: Math.floor(left),
      resetSeconds: secondsUp((policy.requests - left) / perMs),
      retryAfterSeconds: isAllowed ? 0 : Math.max(1, secondsUp((1 - left) / perMs)),
    };
  }

  #keep(key: string, bucket: Bucket): void {
    // At the end again: the Map's order is the order of use.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size <= BUCKETS_MAX) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

const secondsUp = (ms: number): number => Math.ceil(ms / 1000);

/** The fields of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After on a refusal. */
export function rateHeaders(policy: RatePolicy, verdict: RateVerdict): Record<string, string> {
  const { name, requests, windowSeconds } = policy;
  const { remaining, resetSeconds, isAllowed, retryAfterSeconds } = verdict;
  return {
    "ratelimit-policy": `"${name}";q=${requests};w=${windowSeconds}`,
    ratelimit: `"${name}";r=${remaining};t=${resetSeconds}`,
    ...(!isAllowed && { "retry-after": String(retryAfterSeconds) }),
  };
}
