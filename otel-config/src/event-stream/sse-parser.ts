/** One event of a text/event-stream. */
export interface SseEvent {
  /** As it came, with its line ends and the empty line behind it. */
  readonly raw: string;
  /** The lines of `data`, joined; undefined when there are none, as in a comment. */
  readonly data: string | undefined;
  /** Only a part of an event that is longer than the limit; `data` is undefined. */
  readonly isTooLong: boolean;
}

const LINE_ENDS = /\r\n|\n|\r/;
const DATA_FIELD = /^data(?:: ?(.*))?$/s;

/**
 * Splits a text/event-stream into events, whatever the borders of its chunks, in time linear to its length.
 * It holds at most `limit` characters of an event that is not complete, and passes longer ones on in parts.
 * The `raw` texts of all events, joined, are what was pushed.
 */
export class SseParser {
  readonly #limit: number;
  /** The event that is not complete. Its parts are joined once: events can be megabytes in small chunks. */
  #parts: string[] = [];
  #length = 0;
  /** The line that is not complete has characters already. */
  #isInLine = false;
  /** A carriage return at the end of a chunk may get a line feed yet. */
  #heldReturn = "";
  #isTooLong = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The events that are complete with this chunk. */
  push(chunk: string): SseEvent[] {
    const text = this.#withoutLastReturn(chunk);
    const events: SseEvent[] = [];
    let event = 0;
    let line = 0;
    // Nearly no server ends lines with returns, and without them a line end is found faster.
    const hasReturns = text.includes("\r");
    for (;;) {
      const lineEnd = hasReturns ? lineEndFrom(text, line) : text.indexOf("\n", line);
      if (lineEnd < 0) break;
      const isBlank = lineEnd === line && !this.#isInLine;
      line = text.startsWith("\r\n", lineEnd) ? lineEnd + 2 : lineEnd + 1;
      this.#isInLine = false;
      if (!isBlank) continue;
      this.#hold(text.slice(event, line));
      events.push(this.#take());
      this.#isTooLong = false;
      event = line;
    }
    this.#hold(text.slice(event));
    if (line < text.length) this.#isInLine = true;
    if (this.#length > this.#limit) {
      this.#isTooLong = true;
      events.push(this.#take());
    }
    return events;
  }

  /** What came after the last empty line: some servers leave out the last one. */
  end(): SseEvent | undefined {
    this.#hold(this.#heldReturn);
    this.#heldReturn = "";
    return this.#length === 0 ? undefined : this.#take();
  }

  #withoutLastReturn(chunk: string): string {
    const text = this.#heldReturn + chunk;
    this.#heldReturn = text.endsWith("\r") ? "\r" : "";
    return this.#heldReturn === "" ? text : text.slice(0, -1);
  }

  #hold(text: string): void {
    if (text === "") return;
    this.#parts.push(text);
    this.#length += text.length;
  }

  #take(): SseEvent {
    const raw = this.#parts.join("");
    this.#parts = [];
    this.#length = 0;
    const isTooLong = this.#isTooLong;
    return { raw, isTooLong, data: isTooLong ? undefined : dataOf(raw) };
  }
}

/** Below zero when there is none. */
function lineEndFrom(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "\n" || text[at] === "\r") return at;
  }
  return -1;
}

const DATA_START = "data: ";
const EVENT_END = "\n\n";

function dataOf(raw: string): string | undefined {
  // What nearly every event is: one line of data.
  if (raw.startsWith(DATA_START) && raw.indexOf("\n") === raw.length - EVENT_END.length) {
    if (!raw.includes("\r")) return raw.slice(DATA_START.length, -EVENT_END.length);
  }
  const lines: string[] = [];
  for (const line of raw.split(LINE_ENDS)) {
    const match = DATA_FIELD.exec(line);
    if (match !== null) lines.push(match[1] ?? "");
  }
  return lines.length === 0 ? undefined : lines.join("\n");
}
