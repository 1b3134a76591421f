import { isFromCache } from "./answer-cache.ts";
import { EventReader } from "./event-reader.ts";
import { EventStreamReader } from "./event-stream-reader.ts";
import { NdjsonReader } from "./ndjson-reader.ts";
import type { WireCall } from "./recognise-call.ts";
import { addHeaderUsage, addToFacts, createResponseFacts } from "./response-facts.ts";
import type { HeaderReader, ResponseFacts } from "./response-facts.ts";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import type { SseEvent } from "@lensai/otel-config/event-stream/sse-parser";
import { EVENT_LENGTH_MAX, isSettled } from "./stream-events.ts";

/**
 * A longer body of an answer is not kept for reading: with hundreds of calls at once it would be the
 * application's memory. Only embeddings of thousands of texts are longer.
 */
const JSON_CHARACTERS_MAX = 16 * 1024 * 1024;

/** How a body came to its end: to the last byte, or not. */
export type BodyEnd = "whole" | "broken_off";

/** Reads the bytes of an answer in passing, whatever the borders of its chunks. */
export interface ResponseReader {
  readonly facts: ResponseFacts;
  push(chunk: Uint8Array): void;
  end(end: BodyEnd): void;
}

/** A reader for the content type that the answer has; undefined for one that no API of ours has. */
export function createResponseReader(
  call: WireCall,
  header: HeaderReader,
): ResponseReader | undefined {
  const reader = readerOfType(call, contentTypeOf(header));
  if (reader === undefined) return undefined;
  addHeaderUsage(call, header, reader.facts);
  reader.facts.isFromCache = isFromCache(header);
  return reader;
}

export function isEventStream(header: HeaderReader): boolean {
  return contentTypeOf(header) === EVENT_STREAM;
}

const EVENT_STREAM = "text/event-stream";

function contentTypeOf(header: HeaderReader): string {
  return header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function readerOfType(call: WireCall, type: string): ResponseReader | undefined {
  if (type === EVENT_STREAM) return new SseReader(call);
  if (type === "application/vnd.amazon.eventstream") return new EventStreamReader(call);
  if (type === "application/json" || type.endsWith("+json")) return new JsonReader(call);
  if (NDJSON_TYPES.has(type)) return new NdjsonReader(call);
  return call.api.response.plainTypes?.test(type) === true ? new PlainReader() : undefined;
}

/** One JSON document per line. */
const NDJSON_TYPES: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/stream+json",
]);

class JsonReader implements ResponseReader {
  readonly facts = createResponseFacts();
  readonly #call: WireCall;
  readonly #decoder = new TextDecoder();
  #parts: string[] = [];
  #length = 0;

  constructor(call: WireCall) {
    this.#call = call;
  }

  push(chunk: Uint8Array): void {
    if (this.#length > JSON_CHARACTERS_MAX) return;
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#length += text.length;
    if (this.#length > JSON_CHARACTERS_MAX) this.#parts = [];
    else this.#parts.push(text);
  }

  end(end: BodyEnd): void {
    if (this.#length > JSON_CHARACTERS_MAX) this.facts.problem = "body_too_large";
    else if (end === "broken_off") this.facts.problem = "stream_broken_off";
    else this.#read(this.#parts.join(""));
    this.#parts = [];
  }

  #read(text: string): void {
    try {
      const body: unknown = JSON.parse(text);
      // Gemini streams an array of answers when it is not asked for events.
      for (const part of Array.isArray(body) ? (body as unknown[]) : [body]) {
        addToFacts(this.#call, part, this.facts);
      }
    } catch {
      this.facts.problem = "body_malformed";
    }
  }
}

class SseReader implements ResponseReader {
  readonly facts = createResponseFacts();
  readonly #call: WireCall;
  readonly #decoder = new TextDecoder();
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);
  readonly #events: EventReader;

  constructor(call: WireCall) {
    this.#call = call;
    this.#events = new EventReader(call, this.facts);
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    for (const event of this.#parser.push(text)) this.#read(event);
  }

  end(end: BodyEnd): void {
    const events = this.#parser.push(this.#decoder.decode());
    const last = this.#parser.end();
    const left = last === undefined ? events : [...events, last];
    if (end === "whole") for (const event of left) this.#read(event);
    if (!isSettled(this.#call, this.facts, end)) this.facts.problem ??= "stream_broken_off";
  }

  #read({ data, isTooLong }: SseEvent): void {
    if (isTooLong) this.facts.problem = "body_too_large";
    if (data === undefined || data === "" || data === "[DONE]") return;
    this.#events.read(data);
  }
}

/** What comes is the product itself: only its end tells something. */
class PlainReader implements ResponseReader {
  readonly facts = createResponseFacts();

  push(): void {
    // Nothing in it is about the call.
  }

  end(end: BodyEnd): void {
    if (end === "broken_off") this.facts.problem = "stream_broken_off";
  }
}
