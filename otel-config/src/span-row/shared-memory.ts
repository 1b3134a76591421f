/**
 * Memory that threads share and that the operating system gives and takes by itself. Plain shared buffers come from the
 * heap of the C allocator, which keeps what lies below anything that is still in use. V8 maps every buffer
 * that may grow apart from it, and lets it grow where it is.
 */

/** Address space only: what an arena may grow to where it is. */
const ARENA_BYTES_MAX = 32 * 1024 * 1024;
/**
 * Between two arrays, one line of the processor's cache: rows are written across all of them, and at distances of a
 * power of two their places would fall into the same few lines.
 */
const GAP_BYTES = 64;

/** Arrays side by side in one buffer; all zero at first. */
export class SharedMemory {
  private readonly buffer: SharedArrayBuffer;

  /** Taking more than `bytesMax`, which is address space only, throws RangeError. */
  constructor(bytesMax: number) {
    this.buffer = new SharedArrayBuffer(0, { maxByteLength: bytesMax });
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.buffer, this.take(length), length);
  }

  /** 32 bits each. */
  words(length: number): Uint32Array {
    return new Uint32Array(this.buffer, this.take(length * 4), length);
  }

  private take(bytes: number): number {
    const at = this.buffer.byteLength;
    this.buffer.grow(at + Math.ceil(bytes / GAP_BYTES) * GAP_BYTES + GAP_BYTES);
    return at;
  }
}

/** The first `kept` bytes of an arena and room for `length`: in place where it has a buffer of its own. */
export function growArena(arena: Uint8Array, kept: number, length: number): Uint8Array {
  const { buffer } = arena;
  if (buffer instanceof SharedArrayBuffer && arena.length === buffer.byteLength) {
    if (length <= buffer.maxByteLength) {
      buffer.grow(length);
      return new Uint8Array(buffer, 0, length);
    }
  }
  const maxByteLength = Math.max(length, ARENA_BYTES_MAX);
  const grown = new Uint8Array(new SharedArrayBuffer(length, { maxByteLength }), 0, length);
  grown.set(arena.subarray(0, kept));
  return grown;
}
