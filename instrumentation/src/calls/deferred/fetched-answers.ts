import type { Context } from "@opentelemetry/api";
import { neverThrow } from "../../spans/never-throw.ts";
import type { DeferredSource } from "../../wire/deferred/deferred-source.ts";
import { NdjsonReader } from "../../wire/ndjson-reader.ts";
import { callOfAnswer } from "../../wire/recognise-call.ts";
import { createResponseReader } from "../../wire/response-reader.ts";
import type { BodyEnd, ResponseReader } from "../../wire/response-reader.ts";
import type { HeaderReader } from "../../wire/response-facts.ts";
import type { ObservedCall } from "../observed-call.ts";
import type { DeferredAnswers, Fetching } from "./deferred-answers.ts";

/** One request that fetches answers. It has no span of its own: every answer that it brings has one. */
export class FetchedAnswers implements ObservedCall {
  readonly call = undefined;
  readonly lacksStreamUsage = false;
  readonly canWait = true;
  onAbandon: (() => void) | undefined;
  readonly #deferred: DeferredAnswers;
  readonly #source: DeferredSource;
  readonly #fetching: Fetching;

  constructor(deferred: DeferredAnswers, source: DeferredSource, fetching: Fetching) {
    this.#deferred = deferred;
    this.#source = source;
    this.#fetching = fetching;
  }

  context(): Context {
    return this.#fetching.parent;
  }

  readerOf(header: HeaderReader): ResponseReader | undefined {
    const { api, isLines = false } = this.#source;
    const call = callOfAnswer(api, this.#fetching.url);
    const reader = call && (isLines ? new NdjsonReader(call) : createResponseReader(call, header));
    if (reader === undefined) return undefined;
    let isOther: boolean | undefined;
    // A file that begins with no line at all is none of ours either.
    const isLeft = (): boolean => isOther ?? reader.facts.problem === "body_malformed";
    reader.facts.onBody = (body) => {
      // What came in the same chunk as its beginning is none of ours, as what comes later.
      if (isLeft()) return;
      neverThrow("reading what was fetched", () => {
        const found = this.#source.find(body, this.#fetching.name);
        isOther ??= found.isOther === true;
        this.#deferred.add(found, this.#fetching);
      });
    };
    return new LeavingReader(reader, isLeft);
  }

  chunkArrived(): void {
    // Its time says nothing about an answer.
  }

  answerEnded(): void {
    // Neither does that of its end.
  }

  fail(): void {
    this.onAbandon = undefined;
  }

  refuse(): void {
    this.onAbandon = undefined;
  }

  complete(): void {
    this.onAbandon = undefined;
  }

  /** What has come is told. */
  abandon(): void {
    this.onAbandon?.();
  }
}

/** Any file may be fetched where answers are: one that is none of them is not read on. */
class LeavingReader implements ResponseReader {
  readonly #reader: ResponseReader;
  readonly #isOther: () => boolean;

  constructor(reader: ResponseReader, isOther: () => boolean) {
    this.#reader = reader;
    this.#isOther = isOther;
  }

  get facts(): ResponseReader["facts"] {
    return this.#reader.facts;
  }

  push(chunk: Uint8Array): void {
    if (!this.#isOther()) this.#reader.push(chunk);
  }

  end(end: BodyEnd): void {
    if (!this.#isOther()) this.#reader.end(end);
  }
}
