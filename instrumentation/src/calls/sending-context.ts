import { createContextKey } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import type { Attempt } from "./attempt.ts";
import type { ObservedCall } from "./observed-call.ts";
import { activeContext } from "../telemetry/global-api.ts";

/** Set while a request is sent: what is sent inside of it is the same request on a lower level. */
const SENDING = createContextKey("lensai.sending_attempt");

/** The attempt that is being sent in a context; the active one when none is given. */
export function sendingAttempt(context = activeContext()): Attempt | undefined {
  return context.getValue(SENDING) as Attempt | undefined;
}

/**
 * What the request of an attempt runs in. The span of the call is in it as soon as somebody looks, which other
 * instrumentation does and nobody else: a request does not wait for the start of its span.
 */
export class SendingContext implements Context {
  readonly #attempt: Attempt;
  readonly #span: Pick<ObservedCall, "context">;
  #whole: Context | undefined;

  constructor(attempt: Attempt, span: Pick<ObservedCall, "context">) {
    this.#attempt = attempt;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SENDING ? this.#attempt : this.#all().getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#all().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#all().deleteValue(key);
  }

  #all(): Context {
    return (this.#whole ??= this.#span.context().setValue(SENDING, this.#attempt));
  }
}
