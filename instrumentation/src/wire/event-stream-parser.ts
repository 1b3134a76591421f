/** One message of an application/vnd.amazon.eventstream. */
export interface EventStreamMessage {
  /** Values of the headers that are text, by name (":event-type", ":exception-type"). */
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
}

/** Lengths of the message and its headers, and their checksum. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const STRING_TYPE = 7;

/** Bytes of a header value by its type; types 6 and 7 say their length themselves. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  0: 0,
  1: 0,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  8: 8,
  9: 16,
};

/**
 * Splits AWS's binary event stream into messages, whatever the borders of its chunks. Checksums are the
 * SDK's business. A message above `limit` bytes, or one that cannot be, ends the parsing: `isBroken`.
 */
export class EventStreamParser {
  readonly #limit: number;
  #held = new Uint8Array(0);
  isBroken = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): EventStreamMessage[] {
    if (this.isBroken) return [];
    const bytes = joined(this.#held, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const messages: EventStreamMessage[] = [];
    let at = 0;
    while (bytes.length - at >= PRELUDE_BYTES) {
      const length = view.getUint32(at);
      const headersLength = view.getUint32(at + 4);
      if (length > this.#limit || length < PRELUDE_BYTES + headersLength + CHECKSUM_BYTES) {
        this.isBroken = true;
        at = bytes.length;
        break;
      }
      if (bytes.length - at < length) break;
      const headersEnd = at + PRELUDE_BYTES + headersLength;
      messages.push({
        headers: textHeaders(bytes.subarray(at + PRELUDE_BYTES, headersEnd)),
        payload: bytes.subarray(headersEnd, at + length - CHECKSUM_BYTES),
      });
      at += length;
    }
    this.#held = bytes.slice(at);
    return messages;
  }

  /** Is there a part of a message that was not completed? */
  get isInMessage(): boolean {
    return this.#held.length > 0;
  }
}

function joined(held: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (held.length === 0) return chunk;
  const bytes = new Uint8Array(held.length + chunk.length);
  bytes.set(held);
  bytes.set(chunk, held.length);
  return bytes;
}

function textHeaders(bytes: Uint8Array): ReadonlyMap<string, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + view.getUint8(at);
    const type = view.getUint8(nameEnd);
    const sized = VALUE_BYTES[type];
    const start = sized === undefined ? nameEnd + 3 : nameEnd + 1;
    const end = start + (sized ?? view.getUint16(nameEnd + 1));
    if (type === STRING_TYPE) {
      const name = decoder.decode(bytes.subarray(at + 1, nameEnd));
      headers.set(name, decoder.decode(bytes.subarray(start, end)));
    }
    at = end;
  }
  return headers;
}
