import { joined } from "./joined-bytes.ts";

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
  /** What came since the last whole message, and how much must have come for the next step. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #neededBytes = PRELUDE_BYTES;
  isBroken = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): EventStreamMessage[] {
    if (this.isBroken || chunk.length === 0) return [];
    const isEnough = this.#heldBytes + chunk.length >= this.#neededBytes;
    // What is kept is copied, as `slice` does not of a Buffer: whoever wrote it may use the memory again.
    this.#hold(isEnough ? chunk : new Uint8Array(chunk));
    if (!isEnough) return [];
    const bytes = joined(this.#held);
    const { messages, at, neededBytes, isBroken } = messagesIn(bytes, this.#limit);
    this.#held = [];
    this.#heldBytes = 0;
    this.#neededBytes = neededBytes;
    this.isBroken = isBroken;
    if (!isBroken && at < bytes.length) this.#hold(new Uint8Array(bytes.subarray(at)));
    return messages;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  /** Is there a part of a message that was not completed? */
  get isInMessage(): boolean {
    return this.#heldBytes > 0;
  }
}

/** The whole messages at the start, where the rest begins, and how long that must be for another one. */
function messagesIn(bytes: Uint8Array, limit: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: EventStreamMessage[] = [];
  let at = 0;
  while (bytes.length - at >= PRELUDE_BYTES) {
    const length = view.getUint32(at);
    const headersLength = view.getUint32(at + 4);
    const canBe = length <= limit && length >= PRELUDE_BYTES + headersLength + CHECKSUM_BYTES;
    if (canBe && bytes.length - at < length) {
      return { messages, at, neededBytes: length, isBroken: false };
    }
    const message = canBe ? messageIn(bytes.subarray(at, at + length), headersLength) : undefined;
    if (message === undefined) return { messages, at, neededBytes: 0, isBroken: true };
    messages.push(message);
    at += length;
  }
  return { messages, at, neededBytes: PRELUDE_BYTES, isBroken: false };
}

/** Undefined when the headers say that they go beyond their end. */
function messageIn(bytes: Uint8Array, headersLength: number): EventStreamMessage | undefined {
  const headersEnd = PRELUDE_BYTES + headersLength;
  try {
    return {
      headers: textHeaders(bytes.subarray(PRELUDE_BYTES, headersEnd)),
      payload: bytes.subarray(headersEnd, bytes.length - CHECKSUM_BYTES),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
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
