import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Attributes, Context, Tracer } from "@opentelemetry/api";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { attributionAttributes } from "../../manual/attribution.ts";
import { requestAttributes, responseAttributes, spanNameOf } from "../../spans/call-attributes.ts";
import { neverThrow } from "../../spans/never-throw.ts";
import type { DeferredAnswer, FoundAnswers } from "../../wire/deferred/deferred-source.ts";
import { callOfAnswer } from "../../wire/recognise-call.ts";
import type { WireCall } from "../../wire/recognise-call.ts";
import { addToFacts, createResponseFacts } from "../../wire/response-facts.ts";
import type { ResponseFacts } from "../../wire/response-facts.ts";

/** Who fetches answers asks again and again until they are there, and may fetch them twice. */
const REMEMBERED_MAX = 20_000;

/** Where and in what context answers were fetched. */
export interface Fetching {
  readonly url: URL;
  readonly parent: Context;
  /** What is fetched, by the last name in its path. */
  readonly name: string;
}

/**
 * Makes a span of every answer that is fetched after the request that asked for it was answered: once in this process. The
 * span has the provider's own times, so that the same answer fetched by another process is known for the same.
 */
export class DeferredAnswers {
  readonly #tracer: () => Tracer;
  readonly #told = new Remembered<true>();
  readonly #unfinished = new Remembered<true>();
  readonly #batchTimes = new Remembered<number>();

  constructor(tracer: () => Tracer) {
    this.#tracer = tracer;
  }

  /** Makes spans of what was found, and remembers what tells more of answers to come. */
  add({ answers, unfinished = [], batchTime }: FoundAnswers, fetching: Fetching): void {
    for (const id of unfinished) this.#unfinished.set(id, true);
    if (batchTime !== undefined) this.#batchTimes.set(batchTime.name, batchTime.endMs);
    for (const answer of answers) {
      neverThrow("describing an answer that was fetched", () => this.#tell(answer, fetching));
    }
  }

  #tell(answer: DeferredAnswer, { url, parent, name }: Fetching): void {
    const call = callOfAnswer(answer.api, url, answer.model);
    if (call === undefined) return;
    const facts = factsOf(call, answer);
    const { id } = facts;
    if (id === undefined || this.#told.get(id) === true) return;
    if (answer.isKnownByWaiting === true && this.#unfinished.get(id) !== true) return;
    this.#told.set(id, true);
    const startMs = answer.startMs ?? this.#batchTimes.get(name) ?? Date.now();
    const span = this.#tracer().startSpan(
      spanNameOf({ ...call, model: call.model ?? facts.model }),
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...attributionAttributes(parent),
          ...attributesOf(call, facts),
          [LENSAI.answerDeferred]: answer.kind,
        },
        // A number may be taken for one of performance.now().
        startTime: new Date(startMs),
      },
      parent,
    );
    if (facts.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(new Date(Math.max(startMs, answer.endMs ?? startMs)));
  }
}

function factsOf(call: WireCall, { kind, body, id }: DeferredAnswer): ResponseFacts {
  const facts = createResponseFacts();
  addToFacts(call, body, facts);
  facts.id ??= id;
  // Some name no tier where all of it is one.
  if (kind === "batch") facts.serviceTier = "batch";
  return facts;
}

function attributesOf(call: WireCall, facts: ResponseFacts): Attributes {
  return {
    ...requestAttributes(call),
    ...responseAttributes(call, facts),
    ...(facts.errorType !== undefined && { "error.type": facts.errorType }),
  };
}

/** The newest of what was put in. */
class Remembered<T> {
  readonly #values = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > REMEMBERED_MAX && oldest !== undefined) this.#values.delete(oldest);
  }
}
