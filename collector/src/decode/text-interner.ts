import { isUtf8 } from "node:buffer";
import { addDictionaryEntry } from "@lensai/otel-config/span-row/row-batch";
import type { DictionaryColumn } from "@lensai/otel-config/span-row/row-batch";

/**
 * Maps byte strings to small ids that live as long as the process, so that repeating text (a model, a
 * service) is hashed and compared but never copied or turned into a JS string again.
 */

/** Beyond this many distinct values the table starts over: high-cardinality text must not grow it for ever. */
const ENTRIES_MAX = 1 << 15;
/** Memory bound of one table for long values. */
const ARENA_BYTES_MAX = 4 * 1024 * 1024;
const SLOTS_FIRST = 256;
const SLOT_SHIFT = 2;
const SLOT_WORDS = 1 << SLOT_SHIFT;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class TextInterner {
  /** Grows by one whenever the table starts over: ids handed out before are void then. */
  generation = 0;
  count = 0;
  /** Open addressing; the words of a slot lie in one cache line: hash, 1 + id (0 = free), start, length. */
  private slots = new Int32Array(SLOTS_FIRST * SLOT_WORDS);
  private ends = new Uint32Array(SLOTS_FIRST);
  private arena = new Uint8Array(SLOTS_FIRST * 16);
  private view = new DataView(this.arena.buffer);
  private arenaLength = 0;

  /** Id of the bytes source[from,to): equal bytes, equal id, within one generation. */
  intern(source: DataView, from: number, to: number): number {
    const hash = hashBytes(source, from, to);
    const length = to - from;
    const { slots } = this;
    const last = slots.length - SLOT_WORDS;
    let at = (hash << SLOT_SHIFT) & last;
    for (;;) {
      const idPlusOne = slots[at + 1] as number;
      if (idPlusOne === 0) return this.insert(bytesOfView(source, from, to), hash);
      const isLike = slots[at] === hash && slots[at + 3] === length;
      if (isLike && this.equals(at, source, from)) return idPlusOne - 1;
      at = (at + SLOT_WORDS) & last;
    }
  }

  /** The bytes of an id of this generation. */
  bytesOf(id: number): Uint8Array {
    return this.arena.subarray(this.startOf(id), this.ends[id]);
  }

  private startOf(id: number): number {
    return id === 0 ? 0 : (this.ends[id - 1] as number);
  }

  /** Do the bytes from `from` on equal the text of a slot? */
  private equals(slot: number, source: DataView, from: number): boolean {
    const { view, slots } = this;
    const at = slots[slot + 2] as number;
    return hasBytesAt(source, from, { view, at, length: slots[slot + 3] as number });
  }

  private insert(value: Uint8Array, hash: number): number {
    if (this.count === ENTRIES_MAX || this.arenaLength + value.length > ARENA_BYTES_MAX)
      this.clear();
    if ((this.count + 1) * 2 * SLOT_WORDS > this.slots.length) this.growSlots();
    this.growArena(value.length);
    const id = this.count;
    const start = this.arenaLength;
    this.arena.set(value, start);
    this.arenaLength += value.length;
    this.ends[id] = this.arenaLength;
    this.count += 1;
    place(this.slots, [hash, id + 1, start, value.length]);
    return id;
  }

  private clear(): void {
    this.generation += 1;
    this.count = 0;
    this.arenaLength = 0;
    this.slots.fill(0);
  }

  private growSlots(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.ends = copyInto(new Uint32Array(this.ends.length * 2), this.ends);
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + 1] !== 0) place(this.slots, old.subarray(at, at + SLOT_WORDS));
    }
  }

  private growArena(extra: number): void {
    let size = this.arena.length;
    while (size < this.arenaLength + extra) size *= 2;
    if (size === this.arena.length) return;
    const grown = new Uint8Array(size);
    grown.set(this.arena.subarray(0, this.arenaLength));
    this.arena = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Are the bytes from `from` on those of a known text? Four at a time, the last four once more where they overlap. */
export function hasBytesAt(
  source: DataView,
  from: number,
  { view, at, length }: { view: DataView; at: number; length: number },
): boolean {
  const last = length - 4;
  for (let offset = 0; offset < last; offset += 4) {
    if (view.getInt32(at + offset, true) !== source.getInt32(from + offset, true)) return false;
  }
  if (last >= 0) return view.getInt32(at + last, true) === source.getInt32(from + last, true);
  for (let offset = 0; offset < length; offset += 1) {
    if (view.getUint8(at + offset) !== source.getUint8(from + offset)) return false;
  }
  return true;
}

/** Puts a slot into the first free place of its chain. */
function place(slots: Int32Array, slot: ArrayLike<number>): void {
  const last = slots.length - SLOT_WORDS;
  let at = ((slot[0] as number) << SLOT_SHIFT) & last;
  while (slots[at + 1] !== 0) at = (at + SLOT_WORDS) & last;
  slots.set(slot, at);
}

function bytesOfView(view: DataView, from: number, to: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + from, to - from);
}

function copyInto(target: Uint32Array<ArrayBuffer>, source: Uint32Array): Uint32Array<ArrayBuffer> {
  target.set(source);
  return target;
}

/** Texts longer than this are sampled when hashed: equality is always checked in full. */
const HASHED_WORDS_MAX = 16;

/**
 * A hash for interning, not for security: a sender who forces collisions slows its own requests by the
 * length of a probe chain, within a table of bounded size.
 */
function hashBytes(source: DataView, from: number, to: number): number {
  const length = to - from;
  let hash = Math.imul(length, 0x9e3779b1);
  if (length < 4) {
    for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ source.getUint8(i), 0x01000193);
  } else {
    const step = length <= HASHED_WORDS_MAX * 4 ? 4 : Math.floor(length / HASHED_WORDS_MAX);
    for (let i = from; i + 4 <= to; i += step) {
      hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ source.getInt32(i, true), 0x85ebca6b);
    }
    hash = Math.imul(hash ^ source.getInt32(to - 4, true), 0xc2b2ae35);
  }
  return hash ^ (hash >>> 15);
}

/** Turns interned values into the codes of one dictionary column, batch after batch. */
export class ColumnInterner {
  /** Id of the text coded last: equal bytes, equal id, within one generation. */
  id = 0;
  generation = 0;
  private readonly texts = new TextInterner();
  /** Two words an id, side by side: the stamp of a batch (0 = none) and the text's code in that batch. */
  private codes = new Uint32Array(SLOTS_FIRST * 2);

  /** Code of the bytes in the column, whose batch is known by `batchStamp` (> 0, new for every batch). */
  code(column: DictionaryColumn, batchStamp: number, text: TextRange): number {
    const { view, from, to } = text;
    const id = this.texts.intern(view, from, to);
    this.id = id;
    if (this.generation !== this.texts.generation) {
      this.generation = this.texts.generation;
      this.codes.fill(0);
    }
    const at = id * 2;
    if (at >= this.codes.length) {
      this.codes = copyInto(new Uint32Array(this.codes.length * 2), this.codes);
    }
    if (this.codes[at] !== batchStamp) {
      this.codes[at] = batchStamp;
      this.codes[at + 1] = addDictionaryEntry(column, validUtf8(bytesOfView(view, from, to)));
    }
    return this.codes[at + 1] as number;
  }
}

/** Bytes [from,to) of a buffer; one object is reused for every call on the hot path. */
export interface TextRange {
  view: DataView;
  from: number;
  to: number;
}

/** The same bytes when they are UTF-8, else with U+FFFD in place of what is not (Parquet text must be UTF-8). */
export function validUtf8(bytes: Uint8Array): Uint8Array {
  return isUtf8(bytes) ? bytes : encoder.encode(decoder.decode(bytes));
}
