import type { ClientRequest } from "node:http";
import { writeAfterEnd } from "../node/write-after-end.ts";

/**
 * The end of a request that waits until it is known whether it may be sent: without its end, no server begins to work for
 * it. For the application it has been ended.
 */
export class HeldEnd {
  readonly #request: ClientRequest;

  constructor(request: ClientRequest) {
    this.#request = request;
  }

  /** Always true: what comes behind the end of a request is an error of whoever writes it, as Node has it. */
  isCalledAgain([chunk, ...rest]: readonly unknown[]): true {
    const request = this.#request;
    const callback = [chunk, ...rest].find((each) => typeof each === "function");
    if (typeof chunk === "string" || chunk instanceof Uint8Array) request.destroy(writeAfterEnd());
    else if (callback !== undefined) request.once("finish", callback as () => void);
    return true;
  }
}
