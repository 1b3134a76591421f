import { neverThrow } from "../spans/never-throw.ts";
import type { CallSpan } from "../spans/call-span.ts";
import type { BodyEnd, ResponseReader, SseReader } from "../wire/response-reader.ts";
import type { SseEvent } from "../wire/sse-parser.ts";
import { withoutStreamUsage } from "../wire/stream-usage-option.ts";

/** What happens to the bytes of an answer on their way to the application. None of it throws. */
export interface AnswerObserver {
  /** Answers with what the application gets in place of the chunk. */
  readonly chunk: (chunk: Uint8Array) => Uint8Array;
  /** The last byte was read; answers with what comes behind it. */
  readonly end: () => Uint8Array | undefined;
  /** The body broke off; the application gets the same error. */
  readonly fail: (error: unknown) => void;
  /** The application does not want more. */
  readonly cancel: () => void;
}

/** Reads an answer for its span; every byte goes on as it came. */
export function readingObserver(span: CallSpan, reader: ResponseReader): AnswerObserver {
  const close = (end: BodyEnd, error?: unknown): undefined => {
    neverThrow("reading the end of an answer", () => reader.end(end));
    neverThrow("ending a span", () => span.complete(reader.facts, error));
  };
  return {
    chunk(chunk) {
      neverThrow("reading an answer", () => {
        span.chunkArrived();
        reader.push(chunk);
      });
      return chunk;
    },
    end: () => close("whole"),
    fail: (error) => close("broken_off", error),
    cancel: () => close("broken_off"),
  };
}

/** The same, and takes out of the stream what is only there because the instrumentation asked for usage. */
export function hidingObserver(span: CallSpan, reader: SseReader): AnswerObserver {
  const encoder = new TextEncoder();
  const { fail, cancel } = readingObserver(span, reader);
  const shown = (events: readonly SseEvent[]): Uint8Array =>
    encoder.encode(events.map((event) => withoutStreamUsage(event) ?? "").join(""));
  return {
    chunk(chunk) {
      span.chunkArrived();
      return neverThrow("rewriting a stream", () => shown(reader.pushed(chunk))) ?? chunk;
    },
    end() {
      const rest = neverThrow("rewriting a stream", () => shown(reader.ended("whole")));
      neverThrow("ending a span", () => span.complete(reader.facts));
      return rest;
    },
    fail,
    cancel,
  };
}
