import type { CallTarget } from "../wire/call-target.ts";
import type { Attempt } from "./attempt.ts";
import { sendingAttempt } from "./sending-context.ts";

/** What requests are sent with. */
export type Transport = "fetch" | "http" | "http2" | "undici";

/** Which transports may send their requests with this one. */
const ABOVE: Readonly<Record<Transport, readonly Transport[]>> = {
  fetch: [],
  http: [],
  undici: ["fetch"],
  http2: ["fetch", "undici"],
};

/** A request that is about to be sent, as far as it tells whether it is part of another one. */
export interface LowerRequest {
  readonly transport: Transport;
  readonly url: URL;
  /** What `url` tells, of whoever has looked already. */
  readonly target?: CallTarget | undefined;
  /** It may have waited for a connection, and be sent in the context of whoever opened that. */
  readonly isContextLost?: boolean;
}

/** Tells the requests of a lower transport from calls: `fetch` sends with undici, and undici may with HTTP/2. */
export class LowerRequests {
  /** Attempts of higher transports that were not seen on a lower one yet. */
  readonly #unseen = new Map<Attempt, LowerRequest>();
  /** Attempts that were taken for those of a request without a context: by address, so perhaps wrongly. */
  readonly #guessed = new WeakSet<Attempt>();

  /** An attempt that a lower transport may be asked to send, until it has its answer. */
  add(attempt: Attempt, request: LowerRequest): void {
    const { transport } = request;
    if (transport === "fetch" || transport === "undici") this.#unseen.set(attempt, request);
  }

  remove(attempt: Attempt): void {
    this.#unseen.delete(attempt);
  }

  /** The attempt that the request is a part of, if it is not a call by itself. */
  partOf(request: LowerRequest): Attempt | undefined {
    const active = sendingAttempt();
    // A connection keeps the context of the request that opened it, which may have had its answer long ago.
    const sending = active?.isUnanswered === true ? active : undefined;
    if (sending !== undefined && this.#isOf(sending, request)) {
      this.#see(sending, request);
      if (!this.#guessed.delete(sending)) return sending;
      // Its request is here: what was taken for it was another call, and one of the two must count.
      sending.settled();
      return undefined;
    }
    const waiting = this.#waitingFor(request);
    if (waiting === undefined) return sending;
    this.#see(waiting, request);
    this.#guessed.add(waiting);
    return waiting;
  }

  /**
   * The attempt of a higher transport that the context names, if it was not seen on a lower one yet and goes to the
   * same path: from now on it was. Hosts of proxies and of tests differ from what was asked for.
   */
  takeSending(transport: Transport, path: string): Attempt | undefined {
    const active = sendingAttempt();
    if (active?.isUnanswered !== true || this.#guessed.has(active)) return undefined;
    const above = this.#unseen.get(active);
    if (above === undefined || !ABOVE[transport].includes(above.transport)) return undefined;
    if ((above.target?.path ?? above.url.pathname + above.url.search) !== path) return undefined;
    this.#see(active, { transport, isContextLost: true, url: above.url });
    return active;
  }

  /** Does its context say so without a doubt? Changes nothing. */
  isSurelyPart(request: LowerRequest): boolean {
    const active = sendingAttempt();
    if (active?.isUnanswered !== true || this.#guessed.has(active)) return false;
    return this.#isOf(active, request);
  }

  /** It may be sent on a lower level still. */
  #see(attempt: Attempt, request: LowerRequest): void {
    this.#unseen.delete(attempt);
    this.add(attempt, request);
  }

  /** Its context says whose it is, unless that is left over from a request that was sent before. */
  #isOf(sending: Attempt, { transport, isContextLost }: LowerRequest): boolean {
    if (isContextLost !== true || this.#guessed.has(sending)) return true;
    const above = this.#unseen.get(sending);
    return above !== undefined && ABOVE[transport].includes(above.transport);
  }

  #waitingFor({ transport, url, isContextLost }: LowerRequest): Attempt | undefined {
    if (isContextLost !== true) return undefined;
    for (const [attempt, above] of this.#unseen) {
      if (!ABOVE[transport].includes(above.transport)) continue;
      if (above.url.origin === url.origin && above.url.pathname === url.pathname) return attempt;
    }
    return undefined;
  }
}
