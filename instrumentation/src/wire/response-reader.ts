import { EventStreamParser } from "./event-stream-parser.ts";
import type { EventStreamMessage } from "./event-stream-parser.ts";
import { isJsonObject } from "./json-path.ts";
import type { WireCall } from "./recognise-call.ts";
import { addOutputText, addToFacts, createResponseFacts } from "./response-facts.ts";
import type { ResponseFacts } from "./response-facts.ts";
import { SseParser } from "./sse-parser.ts";
import type { SseEvent } from "./sse-parser.ts";

/**
 * A longer body of an answer is not kept for reading: with hundreds of calls at once it would be the
 * application's memory. Only embeddings of thousands of texts are longer.
 */
const JSON_CHARACTERS_MAX = 16 * 1024 * 1024;

/** One event of a stream: the last one of the responses API repeats the whole answer, images included. */
const EVENT_LENGTH_MAX = 8 * 1024 * 1024;

/** How a body came to its end: to the last byte, or not. */
export type BodyEnd = "whole" | "broken_off";

/** Reads the bytes of an answer in passing, whatever the borders of its chunks. */
export interface ResponseReader {
  readonly facts: ResponseFacts;
  push(chunk: Uint8Array): void;
  end(end: BodyEnd): void;
}

/** A header of a request or an answer by its name in lower case; undefined when there is none of that name. */
export type HeaderReader = (name: string) => string | undefined;

/** A reader for the content type that the answer has; undefined for one that no API of ours has. */
export function createResponseReader(
  call: WireCall,
  header: HeaderReader,
): ResponseReader | undefined {
  const type = header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "text/event-stream") return new SseReader(call);
  if (type === "application/vnd.amazon.eventstream") return new EventStreamReader(call);
  if (type === "application/json" || type.endsWith("+json")) return new JsonReader(call);
  return undefined;
}

/** Has a stream said all that it had to say? Some report usage last, some never. */
function isSettled({ finishReasons, hasUsage, errorType }: ResponseFacts, end: BodyEnd): boolean {
  if (errorType !== undefined) return true;
  return finishReasons.length > 0 && (hasUsage || end === "whole");
}

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

/** Also what rewrites a stream needs: the events, as they are complete. */
export class SseReader implements ResponseReader {
  readonly facts = createResponseFacts();
  readonly #call: WireCall;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #parser = new SseParser(EVENT_LENGTH_MAX);

  constructor(call: WireCall) {
    this.#call = call;
  }

  push(chunk: Uint8Array): void {
    this.pushed(chunk);
  }

  /** The same, and answers with the events that the chunk completes. */
  pushed(chunk: Uint8Array): readonly SseEvent[] {
    const events = this.#parser.push(this.#decoder.decode(chunk, { stream: true }));
    for (const event of events) this.#read(event);
    return events;
  }

  end(end: BodyEnd): void {
    this.ended(end);
  }

  /** The same, and answers with what is left. */
  ended(end: BodyEnd): readonly SseEvent[] {
    const events = this.#parser.push(this.#decoder.decode());
    const last = this.#parser.end();
    const left = last === undefined ? events : [...events, last];
    if (end === "whole") for (const event of left) this.#read(event);
    if (!isSettled(this.facts, end)) this.facts.problem ??= "stream_broken_off";
    return left;
  }

  #read({ data, isTooLong }: SseEvent): void {
    if (isTooLong) this.facts.problem = "body_too_large";
    if (data === undefined || data === "" || data === "[DONE]") return;
    try {
      const event: unknown = JSON.parse(data);
      addToFacts(this.#call, event, this.facts);
      addOutputText(this.#call, event, this.facts);
    } catch {
      this.facts.problem ??= "body_malformed";
    }
  }
}

class EventStreamReader implements ResponseReader {
  readonly facts = createResponseFacts();
  readonly #call: WireCall;
  readonly #parser = new EventStreamParser(EVENT_LENGTH_MAX);

  constructor(call: WireCall) {
    this.#call = call;
  }

  push(chunk: Uint8Array): void {
    for (const message of this.#parser.push(chunk)) this.#read(message);
    if (this.#parser.isBroken) this.facts.problem = "body_malformed";
  }

  end(end: BodyEnd): void {
    const isWhole = end === "whole" && !this.#parser.isInMessage;
    if (!isSettled(this.facts, isWhole ? "whole" : "broken_off")) {
      this.facts.problem ??= "stream_broken_off";
    }
  }

  #read({ headers, payload }: EventStreamMessage): void {
    const exception = headers.get(":exception-type") ?? headers.get(":error-code");
    if (exception !== undefined) {
      this.facts.errorType = exception;
      return;
    }
    try {
      const event = eventOf(headers.get(":event-type") ?? "", JSON.parse(textOf(payload)));
      addToFacts(this.#call, event, this.facts);
      addOutputText(this.#call, event, this.facts);
    } catch {
      this.facts.problem ??= "body_malformed";
    }
  }
}

/** InvokeModel wraps the events of the model's own provider; Converse has one type of event per message. */
function eventOf(type: string, message: unknown): unknown {
  const bytes = isJsonObject(message) ? message["bytes"] : undefined;
  if (type !== "chunk" || typeof bytes !== "string") return { [type]: message };
  return JSON.parse(textOf(Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0))));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
