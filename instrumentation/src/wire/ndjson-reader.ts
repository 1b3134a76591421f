import { EventReader } from "./event-reader.ts";
import type { WireCall } from "./recognise-call.ts";
import { createResponseFacts } from "./response-facts.ts";
import type { BodyEnd, ResponseReader } from "./response-reader.ts";
import { EVENT_LENGTH_MAX, isSettled } from "./stream-events.ts";

/** A stream of JSON documents, each on a line of its own. */
export class NdjsonReader implements ResponseReader {
  readonly facts = createResponseFacts();
  readonly #call: WireCall;
  readonly #decoder = new TextDecoder();
  readonly #events: EventReader;
  #parts: string[] = [];
  #length = 0;

  constructor(call: WireCall) {
    this.#call = call;
    this.#events = new EventReader(call, this.facts);
  }

  push(chunk: Uint8Array): void {
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) this.#endLine(line);
    this.#hold(last);
  }

  end(end: BodyEnd): void {
    if (end === "whole") this.#endLine(this.#decoder.decode());
    if (!isSettled(this.#call, this.facts, end)) this.facts.problem ??= "stream_broken_off";
  }

  #hold(text: string): void {
    this.#length += text.length;
    if (this.#length > EVENT_LENGTH_MAX) {
      this.facts.problem = "body_too_large";
      this.#parts = [];
    } else if (text !== "") this.#parts.push(text);
  }

  #endLine(text: string): void {
    this.#hold(text);
    const line = this.#parts.join("");
    const isTooLong = this.#length > EVENT_LENGTH_MAX;
    this.#parts = [];
    this.#length = 0;
    if (isTooLong || line.trim() === "") return;
    this.#events.read(line);
  }
}
