import { SpanStatusCode, context, trace } from "@opentelemetry/api";
import type { Span } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { neverThrow } from "../spans/never-throw.ts";
import { processState } from "../spans/process-state.ts";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import { attributionAttributes } from "./attribution.ts";

/**
 * Runs a piece of work that calls models as one span (`invoke_workflow`), with the calls below it. `fn` runs
 * once, whatever happens to the span; its result comes back, its errors are thrown on. A promise ends the
 * span when it settles.
 */
export function traceLlm<T>(name: string, fn: () => T): T {
  const span = neverThrow("starting a span", () => startSpan(name));
  if (span === undefined) return fn();
  const inside = neverThrow("entering a span", () => trace.setSpan(context.active(), span));
  let result: T;
  try {
    result = inside === undefined ? fn() : context.with(inside, fn);
  } catch (error) {
    end(span, error);
    throw error;
  }
  // Promises of SDKs do more than settle: asking them would start that.
  if (!(result instanceof Promise) || result.constructor !== Promise) {
    end(span);
    return result;
  }
  return result.then(
    (value: unknown) => {
      end(span);
      return value;
    },
    (error: unknown) => {
      end(span, error);
      throw error;
    },
  ) as T;
}

function startSpan(name: string): Span {
  // The first thing that happens may be this, and not a call.
  processState().start?.();
  const tracer = trace.getTracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION);
  return tracer.startSpan(`invoke_workflow ${name}`, {
    attributes: {
      [GEN_AI.operationName]: "invoke_workflow",
      "gen_ai.workflow.name": name,
      ...attributionAttributes(context.active()),
    },
  });
}

/** Only the kind of the error: its message may be content. */
function end(span: Span, ...failure: [unknown?]): void {
  neverThrow("ending a span", () => {
    if (failure.length > 0) {
      span.setAttribute("error.type", failure[0] instanceof Error ? failure[0].name : "_OTHER");
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  });
}
