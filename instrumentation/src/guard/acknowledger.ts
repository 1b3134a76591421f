import http from "node:http";
import type { ClientRequest } from "node:http";
import https from "node:https";
import type {
  Acknowledgement,
  ProcessIdentity,
} from "@lensai/otel-config/control/acknowledgements";
import type { ControlSigner } from "./control-signer.ts";

/** After a failure, doubling with every further one. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const ANSWER_TIMEOUT_MS = 10_000;
/**
 * Those that know must not hold up, at the collector, those that are yet to be told: they wait a little, and then
 * acknowledge over a time.
 */
export const ACKNOWLEDGE_AFTER_MS = { headStart: 60, spread: 140 };

export interface AcknowledgerOptions {
  /** http(s)://…/v1/control/acknowledgements */
  readonly url: string;
  /** The API key, as exports send it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: requests are not signed. */
  readonly signer?: ControlSigner | undefined;
  readonly identity: ProcessIdentity;
  /** 0 to 1 */
  readonly random: () => number;
  readonly retryMinMs?: number;
}

/**
 * Tells the collector which version of the policy holds in this process: the newest one only, until it has been
 * taken. It keeps no process alive, and what it cannot tell does not matter to the calls.
 */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #startedMs = performance.now() - process.uptime() * 1000;
  #version: number | undefined;
  #heldSinceMs = 0;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
  }

  /** The policy of this version holds from now on. */
  holds(version: number): void {
    this.#version = version;
    this.#heldSinceMs = performance.now();
    this.#failures = 0;
    const { headStart, spread } = ACKNOWLEDGE_AFTER_MS;
    if (this.#request === undefined) this.#tellIn(headStart + this.#options.random() * spread);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #tellIn(waitMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.#tell(), waitMs);
    this.#timer.unref();
  }

  #tell(): void {
    clearTimeout(this.#timer);
    const version = this.#version;
    if (version === undefined || this.#isStopped) return;
    const { signer, url } = this.#options;
    const body = JSON.stringify(this.#acknowledgement(version));
    if (signer === undefined) this.#send(version, body);
    else {
      signer.sign({ method: "POST", url, body }).then(
        (signature) => this.#send(version, body, signature),
        () => this.#tellIn(RETRY_MAX_MS),
      );
    }
  }

  #send(version: number, body: string, signature?: Readonly<Record<string, string>>): void {
    // A newer one may have been told while this one was signed.
    if (this.#request !== undefined || this.#isStopped) return;
    try {
      const request = this.#post(body, signature);
      this.#request = request;
      request.on("socket", (socket) => socket.unref());
      request.on("timeout", () => request.destroy(new Error("the collector says nothing")));
      request.on("error", () => this.#ended(version, undefined));
      request.on("response", (response) => {
        response.resume();
        response.on("error", () => {});
        if (response.statusCode === 401) this.#options.signer?.refused(response.headers.date);
        this.#ended(version, response.statusCode);
      });
    } catch {
      this.#ended(version, undefined);
    }
  }

  #post(body: string, signature?: Readonly<Record<string, string>>): ClientRequest {
    const { url, headers } = this.#options;
    const request = (url.startsWith("https:") ? https : http).request(url, {
      method: "POST",
      headers: {
        ...headers,
        ...signature,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
      timeout: ANSWER_TIMEOUT_MS,
    });
    request.end(body);
    return request;
  }

  #acknowledgement(version: number): Acknowledgement {
    const nowMs = performance.now();
    return {
      ...this.#options.identity,
      version,
      heldMs: nowMs - this.#heldSinceMs,
      runningMs: nowMs - this.#startedMs,
    };
  }

  /** Once per request. What came meanwhile is told at once; a refusal is not tried again, a failure later. */
  #ended(version: number, status: number | undefined): void {
    if (this.#request === undefined || this.#isStopped) return;
    this.#request = undefined;
    if (this.#version !== version) {
      this.#tell();
    } else if (status === undefined || status >= 500 || status === 429) {
      const { retryMinMs = RETRY_MIN_MS } = this.#options;
      const waitMs = Math.min(retryMinMs * 2 ** this.#failures, RETRY_MAX_MS);
      this.#failures += 1;
      this.#tellIn(waitMs);
    } else this.#version = undefined;
  }
}
