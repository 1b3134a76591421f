import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { LensError } from "@lensai/otel-config/errors";

const compress = promisify(gzip);

export interface Receiver {
  /** Base URL of OTLP/HTTP. */
  readonly url: string;
  readonly apiKey: string;
}

/** Retries of one batch before the run gives up: with waits of up to 5 s, about a minute. */
const ATTEMPTS_MAX = 20;
const REQUEST_TIMEOUT_MS = 30_000;
const RETRY_DELAY_MS = 1000;
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends one batch as OTLP/HTTP protobuf with gzip. Waits as long as the receiver asks on 429 and 503.
 * Throws LensError when the receiver refuses or cannot be reached.
 */
export async function sendBatch(receiver: Receiver, body: Uint8Array): Promise<void> {
  const payload = new Uint8Array(await compress(body));
  for (let attempt = 1; ; attempt += 1) {
    const response = await post(receiver, payload);
    if (response?.ok) {
      await response.arrayBuffer();
      return;
    }
    const isWorthRetrying = response === undefined || RETRYABLE.has(response.status);
    if (!isWorthRetrying || attempt === ATTEMPTS_MAX) throw await refusal(receiver, response);
    await response?.body?.cancel();
    await delay(retryDelayMs(response));
  }
}

/** Collectors poll for new keys: this is several of their intervals. */
const KEY_TIMEOUT_MS = 30_000;
const KEY_POLL_MS = 200;

/**
 * Waits until the receiver knows a key that was just made, by sending it an empty request. Throws LensError when it
 * refuses the key for too long, or cannot be reached.
 */
export async function untilKeyIsKnown(receiver: Receiver): Promise<void> {
  const empty = new Uint8Array(await compress(new Uint8Array(0)));
  const deadline = performance.now() + KEY_TIMEOUT_MS;
  for (;;) {
    const response = await post(receiver, empty);
    if (response?.ok) {
      await response.arrayBuffer();
      return;
    }
    if (performance.now() > deadline) throw await refusal(receiver, response);
    await response?.body?.cancel();
    await delay(KEY_POLL_MS);
  }
}

/** Undefined: no connection. */
async function post(
  receiver: Receiver,
  payload: Uint8Array<ArrayBuffer>,
): Promise<Response | undefined> {
  try {
    return await fetch(`${receiver.url}/v1/traces`, {
      method: "POST",
      headers: {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
        "x-api-key": receiver.apiKey,
      },
      body: payload,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch {
    // Refused, reset or slow: the caller tries again.
    return undefined;
  }
}

function retryDelayMs(response: Response | undefined): number {
  const seconds = Number(response?.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : RETRY_DELAY_MS;
}

async function refusal(receiver: Receiver, response: Response | undefined): Promise<LensError> {
  if (response === undefined) {
    return new LensError(
      "config.invalid",
      `no answer from ${receiver.url}; start LensAI first with npx pnpm@12 start`,
    );
  }
  const text = (await response.text()).replaceAll(/[^\x20-\x7e]+/g, " ").trim();
  return new LensError("internal", `the receiver answered ${response.status}: ${text}`);
}
