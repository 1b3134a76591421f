import { recogniseCall } from "../wire/recognise-call.ts";
import type { WireCall, WireRequest } from "../wire/recognise-call.ts";
import { readRequestBody } from "../wire/request-body.ts";

/**
 * The call that a request is, if it is one: by its address it could be. Reading its body takes longer than all that has
 * to be done before it is sent, so it is read when somebody first asks.
 */
export class RequestedCall {
  #request: WireRequest | undefined;
  #call: WireCall | undefined;

  private constructor(request: WireRequest | undefined, call: WireCall | undefined) {
    this.#request = request;
    this.#call = call;
  }

  static known(call: WireCall): RequestedCall {
    return new RequestedCall(undefined, call);
  }

  static unread(request: WireRequest): RequestedCall {
    return new RequestedCall(request, undefined);
  }

  /** Undefined when the request is no call after all. */
  get call(): WireCall | undefined {
    const request = this.#request;
    if (request !== undefined) {
      this.#request = undefined;
      this.#call = recogniseCall(request, readRequestBody(request));
    }
    return this.#call;
  }

  /** Is it known to be a stream whose usage must be asked for? One that has not been read is none. */
  get lacksStreamUsage(): boolean {
    return this.#call?.lacksStreamUsage === true;
  }
}
