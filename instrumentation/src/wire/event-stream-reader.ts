import { EventStreamParser } from "./event-stream-parser.ts";
import type { EventStreamMessage } from "./event-stream-parser.ts";
import { isJsonObject } from "./json-path.ts";
import type { WireCall } from "./recognise-call.ts";
import { createResponseFacts } from "./response-facts.ts";
import type { BodyEnd, ResponseReader } from "./response-reader.ts";
import { EVENT_LENGTH_MAX, addEvent, isSettled } from "./stream-events.ts";

/** AWS's binary frames, each with one JSON document. */
export class EventStreamReader implements ResponseReader {
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
    if (!isSettled(this.#call, this.facts, isWhole ? "whole" : "broken_off")) {
      this.facts.problem ??= "stream_broken_off";
    }
  }

  #read({ headers, payload }: EventStreamMessage): void {
    const exception = headers.get(":exception-type") ?? headers.get(":error-code");
    if (exception !== undefined) {
      this.facts.errorType = exception;
      return;
    }
    const type = headers.get(":event-type") ?? "";
    addEvent(this.#call, () => eventOf(type, JSON.parse(textOf(payload))), this.facts);
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
