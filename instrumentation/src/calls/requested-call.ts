import type { CallTarget } from "../wire/call-target.ts";
import { asksForNoUsage, recogniseCall } from "../wire/recognise-call.ts";
import type { WireCall, WireRequest } from "../wire/recognise-call.ts";
import { readRequestBody } from "../wire/request-body.ts";

/**
 * The call that a request is, if it is one: by its address it could be. Reading its body takes longer than all that has
 * to be done before it is sent, so it is read when somebody first asks.
 */
export class RequestedCall {
  #request: WireRequest | undefined;
  #call: WireCall | undefined;
  /** Is it a stream whose usage is to be asked for? */
  readonly lacksStreamUsage: boolean;

  private constructor(
    request: WireRequest | undefined,
    call: WireCall | undefined,
    lacksStreamUsage: boolean,
  ) {
    this.#request = request;
    this.#call = call;
    this.lacksStreamUsage = lacksStreamUsage;
  }

  static known(call: WireCall): RequestedCall {
    return new RequestedCall(undefined, call, call.lacksStreamUsage);
  }

  static unread(request: WireRequest, target: CallTarget): RequestedCall {
    return new RequestedCall(request, undefined, asksForNoUsage(target, request));
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
}
