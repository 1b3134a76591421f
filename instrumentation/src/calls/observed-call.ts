import type { Context } from "@opentelemetry/api";
import type { WireCall } from "../wire/recognise-call.ts";
import type { HeaderReader, ResponseFacts } from "../wire/response-facts.ts";
import type { ResponseReader } from "../wire/response-reader.ts";

/** What an attempt tells of its request and its answer. None of it throws into the application. */
export interface ObservedCall {
  /** Undefined when the request is no call, or stands for answers to others. Asked for the first time, it is read. */
  readonly call: WireCall | undefined;
  /** Is it a stream that will not report its usage, as far as it was read? */
  readonly lacksStreamUsage: boolean;
  /** May it be described after the application has its answer? */
  readonly canWait: boolean;
  /** Ends it with what was read of the answer so far. */
  onAbandon: (() => void) | undefined;
  /** What the request itself runs in. */
  context(): Context;
  /** The answer has begun: what reads it. Undefined when nobody does; then it has ended. */
  readerOf(header: HeaderReader): ResponseReader | undefined;
  /** A part of the body has come. */
  chunkArrived(): void;
  /** The answer is over; `complete` may be called later. */
  answerEnded(): void;
  /** There is no answer: `error` is what the application gets. */
  fail(error: unknown, how?: { readonly isSent?: boolean }): void;
  /** The provider refused. */
  refuse(status: number): void;
  /** The answer was read as far as it was. `error` is what cut it off, when it was not the caller. */
  complete(facts: ResponseFacts, error?: unknown): void;
  /** Nobody will read on. */
  abandon(): void;
}
