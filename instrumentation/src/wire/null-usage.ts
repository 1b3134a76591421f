/** What a stream that was asked for its usage has in every chunk but the last one. */
const NAME = bytesOf('"usage"');
const NULL = bytesOf("null");
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BRACE = 0x7d;
const SPACE = 0x20;

/** How far a search for the name can go on behind a byte that stands where the name would end. */
const SKIPPED = skippedBy(NAME);

/**
 * The bytes of whole events without their members `"usage": null`; the very same when there are none. Undefined when one
 * of another kind is among them. Inside of JSON texts every quote is escaped, so that the name is a member's.
 */
export function withoutNullUsage(events: Uint8Array): Uint8Array | undefined {
  let at = indexOfName(events, 0);
  if (at < 0) return events;
  const cuts: number[] = [];
  for (; at >= 0; at = indexOfName(events, at + NAME.length)) {
    const start = commaBefore(events, at);
    const end = endOfNull(events, at + NAME.length);
    if (start < 0 || end < 0) return undefined;
    cuts.push(start, end);
  }
  return withoutCuts(events, cuts);
}

/** As Horspool has it: most bytes are not looked at. */
function indexOfName(bytes: Uint8Array, from: number): number {
  const last = NAME.length - 1;
  for (let at = from + last; at < bytes.length; at += SKIPPED[bytes[at] as number] as number) {
    if (bytes[at] === QUOTE && isAt(bytes, at - last, NAME)) return at - last;
  }
  return -1;
}

/** Of the comma in front of the member; below zero when it is the first one. */
function commaBefore(bytes: Uint8Array, name: number): number {
  let at = name - 1;
  while (bytes[at] === SPACE) at -= 1;
  return bytes[at] === COMMA ? at : -1;
}

/** Behind the value of a member that is null; below zero for another one. */
function endOfNull(bytes: Uint8Array, nameEnd: number): number {
  const colon = afterSpaces(bytes, nameEnd);
  if (bytes[colon] !== COLON) return -1;
  const value = afterSpaces(bytes, colon + 1);
  if (!isAt(bytes, value, NULL)) return -1;
  const next = bytes[afterSpaces(bytes, value + NULL.length)];
  return next === COMMA || next === BRACE ? value + NULL.length : -1;
}

function afterSpaces(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  return at;
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

/** Small chunks share memory: to get some for each of them takes longer than all the rest. */
const SHARED_BYTES = 16 * 1024;
const SHARED_CHUNK_BYTES_MAX = SHARED_BYTES / 8;
let shared: Uint8Array | undefined;
let sharedUsed = 0;

/** Of the class of the bytes: what comes as a Buffer goes on as one, and to make one of other memory takes longest. */
function memoryLike({ constructor }: Uint8Array, length: number): Uint8Array {
  const { alloc } = constructor as { alloc?: (length: number) => Uint8Array };
  return alloc?.(length) ?? new Uint8Array(length);
}

/** `cuts` are starts and ends by turns. */
function withoutCuts(bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  const { length } = bytes;
  if (length > SHARED_CHUNK_BYTES_MAX) {
    const own = memoryLike(bytes, length);
    own.set(bytes);
    return cut(own, { start: 0, length, cuts });
  }
  if (shared?.constructor !== bytes.constructor || sharedUsed + length > SHARED_BYTES) {
    shared = memoryLike(bytes, SHARED_BYTES);
    sharedUsed = 0;
  }
  const start = sharedUsed;
  shared.set(bytes, start);
  sharedUsed += length;
  return cut(shared, { start, length, cuts });
}

function cut(
  memory: Uint8Array,
  { start, length, cuts }: { start: number; length: number; cuts: readonly number[] },
): Uint8Array {
  let end = start + length;
  for (let index = cuts.length - 1; index > 0; index -= 2) {
    const cutStart = start + (cuts[index - 1] as number);
    const cutEnd = start + (cuts[index] as number);
    memory.copyWithin(cutStart, cutEnd, end);
    end -= cutEnd - cutStart;
  }
  return memory.subarray(start, end);
}

function skippedBy(name: Uint8Array): Uint8Array {
  const skipped = new Uint8Array(256).fill(name.length);
  for (let index = 0; index < name.length - 1; index += 1) {
    skipped[name[index] as number] = name.length - 1 - index;
  }
  return skipped;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
