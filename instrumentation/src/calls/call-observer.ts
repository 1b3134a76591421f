import { trace } from "@opentelemetry/api";
import type { Attributes, Tracer } from "@opentelemetry/api";
import { CallSpan } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import { recogniseCall } from "../wire/recognise-call.ts";
import type { WireRequest } from "../wire/recognise-call.ts";
import type { HeaderReader } from "../wire/response-facts.ts";
import { Attempt } from "./attempt.ts";
import { LowerRequests } from "./lower-requests.ts";
import type { LowerRequest } from "./lower-requests.ts";

/** A request that could be a call of a model, as its transport has it. */
export interface CallRequest extends WireRequest, LowerRequest {
  readonly header: HeaderReader;
  /** Told of the attempt that the request is only a part of. */
  readonly onPartOf?: (attempt: Attempt) => void;
}

/** The one place where calls begin, whatever they are sent with: every transport is an adapter of it. */
export class CallObserver {
  readonly #tracer: () => Tracer;
  readonly #lower = new LowerRequests();

  /** Spans are made by the tracer of the global provider when none is given, also of one that is registered later. */
  constructor(tracer: Tracer | (() => Tracer) = globalTracer) {
    this.#tracer = typeof tracer === "function" ? tracer : () => tracer;
  }

  /**
   * Before a request is sent: the attempt that it is, in the active context. Undefined when it is no call of a
   * model, part of an attempt that is known, or nobody wants to know of it. Never throws.
   */
  start(request: CallRequest): Attempt | undefined {
    return neverThrow("starting a span", () => {
      // What an attempt sends was read when the attempt began: parsing it again is most of what it costs.
      const isKnown = this.#lower.isSurelyPart(request);
      const call = isKnown ? undefined : recogniseCall(request);
      if (call === undefined && !isKnown) return undefined;
      const whole = this.#lower.partOf(request);
      if (whole !== undefined) {
        request.onPartOf?.(whole);
        return undefined;
      }
      if (call === undefined) return undefined;
      const span = CallSpan.start(this.#tracer(), call, resendAttributes(request));
      if (span === undefined) return undefined;
      const attempt = new Attempt(span, this.#lower);
      this.#lower.add(attempt, request);
      return attempt;
    });
  }
}

function globalTracer(): Tracer {
  return trace.getTracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION);
}

/** The SDKs of OpenAI and Anthropic say in a header how often they have sent the same request before. */
function resendAttributes({ header }: CallRequest): Attributes {
  const count = Number(header("x-stainless-retry-count") ?? "0");
  return Number.isInteger(count) && count > 0 ? { "http.request.resend_count": count } : {};
}
