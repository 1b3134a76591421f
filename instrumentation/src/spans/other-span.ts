import { trace } from "@opentelemetry/api";
import type { Attributes, Context, Span } from "@opentelemetry/api";
import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { callRoleOf, isModelCall } from "@lensai/otel-config/dialects/call-role";
import type { RequestedCall } from "../calls/requested-call.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { OwnSpan } from "./own-span.ts";
import type { SpanPlan, SpanTarget } from "./own-span.ts";
import { INSTRUMENTATION_SCOPE } from "./scope.ts";

/** What spans of OpenTelemetry's SDK, of any version, can be asked beyond the API. */
interface ReadableSpan extends Span {
  readonly attributes: Attributes;
  readonly instrumentationScope?: { readonly name: string };
  readonly instrumentationLibrary?: { readonly name: string };
}

/** Spans that a call is being, or was, written to: each is the span of one call. */
const taken = new WeakSet<Span>();

/**
 * The span of another instrumentation around the call, when it is the span of this call and of no other: what
 * it lacks is written to it at the end, and no second span is made. Where that cannot be, because it has
 * ended, or the call failed or broke off (which others often do not tell), a span of ours is made after all.
 * Undefined when there is no such span.
 */
export function otherSpanOf(
  parent: Context,
  plan: () => SpanPlan | undefined,
  requested: RequestedCall,
): SpanTarget | undefined {
  const span = trace.getSpan(parent);
  if (span === undefined || taken.has(span) || !isSpanOfCall(span, requested)) return undefined;
  taken.add(span);
  let own: SpanTarget | undefined;
  return {
    // Whoever made it ends it with the call, and then it takes nothing more.
    canWait: false,
    isUnwanted: false,
    start: () => {},
    context: () => parent,
    finish(outcome) {
      const { attributes = {}, links = [] } = plan() ?? {};
      if (outcome.isWhole && hasTaken(span, { ...attributes, ...outcome.attributes })) {
        for (const link of links) span.addLink(link);
        return;
      }
      // The next attempt may be the one that it is about.
      taken.delete(span);
      own = new OwnSpan(parent, plan);
      own.finish(outcome);
    },
    identity: () => own?.identity() ?? span.spanContext(),
  };
}

/** Writes what the span lacks. Spans have a limit of attributes: then it may lack it still. */
function hasTaken(span: ReadableSpan, known: Attributes): boolean {
  if (!span.isRecording()) return false;
  const lacking = Object.entries(known).filter(([name]) => !Object.hasOwn(span.attributes, name));
  span.setAttributes({
    [LENSAI.enriched]: true,
    // Others count in their own way, and may write after this: these two are never theirs.
    [LENSAI.usageInputTokens]: known[GEN_AI.usage.inputTokens],
    [LENSAI.usageOutputTokens]: known[GEN_AI.usage.outputTokens],
    ...Object.fromEntries(lacking),
  });
  return span.attributes[LENSAI.enriched] === true;
}

function isSpanOfCall(span: Span, requested: RequestedCall): span is ReadableSpan {
  const { attributes, instrumentationScope, instrumentationLibrary } =
    span as Partial<ReadableSpan>;
  const scope = instrumentationScope ?? instrumentationLibrary;
  if (attributes === undefined || scope?.name === INSTRUMENTATION_SCOPE) return false;
  return span.isRecording() && isModelCallOf(requested, attributes);
}

/** Who says what a span is, and in which words; the first one present decides, the most specific first. */
const KINDS: readonly { readonly name: string; readonly isCall: (kind: string) => boolean }[] = [
  { name: "openinference.span.kind", isCall: (kind) => /^(LLM|EMBEDDING|RERANKER)$/i.test(kind) },
  {
    name: "ai.operationId",
    isCall: (kind) => /\.do(Generate|Stream|Embed|Rerank)$/.test(kind),
  },
  { name: "langfuse.observation.type", isCall: (kind) => /^(generation|embedding)$/.test(kind) },
  { name: "traceloop.span.kind", isCall: () => false },
  { name: "llm.request.type", isCall: (kind) => /^(chat|completion|embedding|rerank)$/.test(kind) },
  { name: GEN_AI.operationName, isCall: isOperationOfModel },
];

/** Where they name the model that is asked. */
const MODELS = [GEN_AI.requestModel, "llm.model_name", "embedding.model_name", "ai.model.id"];

function isModelCallOf(requested: RequestedCall, attributes: Attributes): boolean {
  const kind = KINDS.find(({ name }) => typeof attributes[name] === "string");
  if (kind?.isCall(String(attributes[kind.name])) !== true) return false;
  const { call } = requested;
  return call !== undefined && isSameCall(call, attributes);
}

function isSameCall({ api, model }: WireCall, attributes: Attributes): boolean {
  const operation = attributes[GEN_AI.operationName];
  if (typeof operation === "string" && callRoleOf(operation) !== callRoleOf(api.operation))
    return false;
  const named = MODELS.map((name) => attributes[name]).find((value) => typeof value === "string");
  // Frameworks name them with their provider ("openai/gpt-4o").
  return named === undefined || model === undefined || isSameModel(named, model);
}

function isSameModel(one: string, other: string): boolean {
  return one.endsWith(other) || other.endsWith(one);
}

function isOperationOfModel(operation: string): boolean {
  const role = callRoleOf(operation);
  return role !== undefined && isModelCall(role);
}
