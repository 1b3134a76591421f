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
 * Splits a text/event-stream into events, whatever the borders of its chunks. It holds at most `limit`
 * characters of an event that is not complete, and passes longer ones on in parts. The `raw` texts of all
 * events, joined, are what was pushed.
 */
export class SseParser {
  readonly #limit: number;
  #text = "";
  /** Start of the line that is being read. */
  #line = 0;
  /** Up to here there is no end of the line: a long line is searched once. */
  #searched = 0;
  #isTooLong = false;
  /** Nearly no server ends lines with them, and without them a line end is found faster. */
  #hasReturns = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The events that are complete with this chunk. */
  push(chunk: string): SseEvent[] {
    const events: SseEvent[] = [];
    this.#text += chunk;
    this.#hasReturns ||= chunk.includes("\r");
    let end = this.#lineEnd();
    while (end !== undefined) {
      const isBlank = end.at === this.#line;
      this.#line = end.next;
      this.#searched = end.next;
      if (isBlank) {
        events.push(this.#take(this.#line));
        this.#isTooLong = false;
      }
      end = this.#lineEnd();
    }
    if (this.#text.length > this.#limit) {
      this.#isTooLong = true;
      events.push(this.#take(this.#text.length));
    }
    return events;
  }

  /** What came after the last empty line: some servers leave out the last one. */
  end(): SseEvent | undefined {
    return this.#text === "" ? undefined : this.#take(this.#text.length);
  }

  #take(length: number): SseEvent {
    const raw = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    this.#line = 0;
    this.#searched = 0;
    const isTooLong = this.#isTooLong;
    return { raw, isTooLong, data: isTooLong ? undefined : dataOf(raw) };
  }

  /** Where the next line end begins; the end of the text when there is none yet. */
  #nextLineEnd(): number {
    const text = this.#text;
    if (!this.#hasReturns) {
      const feed = text.indexOf("\n", this.#searched);
      return feed < 0 ? text.length : feed;
    }
    let at = this.#searched;
    while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at += 1;
    return at;
  }

  /** End of the current line; undefined while it is not complete. A carriage return may get a line feed yet. */
  #lineEnd(): { at: number; next: number } | undefined {
    const text = this.#text;
    const at = this.#nextLineEnd();
    this.#searched = at;
    if (at === text.length) return undefined;
    if (text[at] === "\n") return { at, next: at + 1 };
    if (at + 1 === text.length) return undefined;
    return { at, next: text[at + 1] === "\n" ? at + 2 : at + 1 };
  }
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
