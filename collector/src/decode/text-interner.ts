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
const EMPTY = 0xffffffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class TextInterner {
  /** Grows by one whenever the table starts over: ids handed out before are void then. */
  generation = 0;
  count = 0;
  private slots = new Uint32Array(SLOTS_FIRST).fill(EMPTY);
  private hashes = new Uint32Array(SLOTS_FIRST);
  private ends = new Uint32Array(SLOTS_FIRST);
  private arena = new Uint8Array(SLOTS_FIRST * 16);
  private view = new DataView(this.arena.buffer);
  private arenaLength = 0;

  /** Id of the bytes source[from,to): equal bytes, equal id, within one generation. */
  intern(source: DataView, from: number, to: number): number {
    const hash = hashBytes(source, from, to);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.slots[slot] as number;
      if (id === EMPTY) return this.insert(bytesOfView(source, from, to), hash);
      if (
        this.hashes[id] === hash &&
        this.lengthOf(id) === to - from &&
        this.equals(id, source, from)
      ) {
        return id;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** The bytes of an id of this generation. */
  bytesOf(id: number): Uint8Array {
    return this.arena.subarray(id === 0 ? 0 : this.ends[id - 1], this.ends[id]);
  }

  private lengthOf(id: number): number {
    return (this.ends[id] as number) - (id === 0 ? 0 : (this.ends[id - 1] as number));
  }

  private equals(id: number, source: DataView, from: number): boolean {
    const start = id === 0 ? 0 : (this.ends[id - 1] as number);
    const length = (this.ends[id] as number) - start;
    const { view } = this;
    let offset = 0;
    for (; offset + 4 <= length; offset += 4) {
      if (view.getUint32(start + offset) !== source.getUint32(from + offset)) return false;
    }
    for (; offset < length; offset += 1) {
      if (view.getUint8(start + offset) !== source.getUint8(from + offset)) return false;
    }
    return true;
  }

  private insert(value: Uint8Array, hash: number): number {
    if (this.count === ENTRIES_MAX || this.arenaLength + value.length > ARENA_BYTES_MAX)
      this.clear();
    if ((this.count + 1) * 2 > this.slots.length) this.growSlots();
    this.growArena(value.length);
    const id = this.count;
    this.arena.set(value, this.arenaLength);
    this.arenaLength += value.length;
    this.ends[id] = this.arenaLength;
    this.hashes[id] = hash;
    this.count += 1;
    this.place(id);
    return id;
  }

  private place(id: number): void {
    const mask = this.slots.length - 1;
    let slot = (this.hashes[id] as number) & mask;
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.slots[slot] = id;
  }

  private clear(): void {
    this.generation += 1;
    this.count = 0;
    this.arenaLength = 0;
    this.slots.fill(EMPTY);
  }

  private growSlots(): void {
    const size = this.slots.length * 2;
    this.slots = new Uint32Array(size).fill(EMPTY);
    this.hashes = copyInto(new Uint32Array(size), this.hashes);
    this.ends = copyInto(new Uint32Array(size), this.ends);
    for (let id = 0; id < this.count; id += 1) this.place(id);
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
      hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ source.getUint32(i), 0x85ebca6b);
    }
    hash = Math.imul(hash ^ source.getUint32(to - 4), 0xc2b2ae35);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Turns interned values into the codes of one dictionary column, batch after batch. */
export class ColumnInterner {
  /** Id of the text coded last: equal bytes, equal id, within one generation. */
  id = 0;
  generation = 0;
  private readonly texts = new TextInterner();
  /** Which batch `codes[id]` belongs to; 0 = none. */
  private stamps = new Uint32Array(SLOTS_FIRST);
  private codes = new Uint32Array(SLOTS_FIRST);

  /** Code of the bytes in the column, whose batch is known by `batchStamp` (> 0, new for every batch). */
  code(column: DictionaryColumn, batchStamp: number, text: TextRange): number {
    const { view, from, to } = text;
    const id = this.texts.intern(view, from, to);
    this.id = id;
    if (this.generation !== this.texts.generation) {
      this.generation = this.texts.generation;
      this.stamps.fill(0);
    }
    if (id >= this.stamps.length) {
      const size = this.stamps.length * 2;
      this.stamps = copyInto(new Uint32Array(size), this.stamps);
      this.codes = copyInto(new Uint32Array(size), this.codes);
    }
    if (this.stamps[id] !== batchStamp) {
      this.stamps[id] = batchStamp;
      this.codes[id] = addDictionaryEntry(column, validUtf8(bytesOfView(view, from, to)));
    }
    return this.codes[id] as number;
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
