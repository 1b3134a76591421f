/**
 * Memory for the heads of records that wait for their group commit, without garbage per record: heads are
 * cut from chunks, and a chunk is used again when all heads in it have been released.
 */
export class HeadArena {
  private current: Chunk = createChunk(CHUNK_BYTES);
  private readonly idle: Chunk[] = [];

  take(sizeBytes: number): Head {
    let chunk = this.current;
    if (chunk.used + sizeBytes > chunk.bytes.length) {
      chunk =
        sizeBytes > CHUNK_BYTES
          ? createChunk(sizeBytes)
          : (this.idle.pop() ?? createChunk(CHUNK_BYTES));
      this.current = chunk;
    }
    const bytes = chunk.bytes.subarray(chunk.used, chunk.used + sizeBytes);
    chunk.used += sizeBytes;
    chunk.heads += 1;
    return { bytes, chunk };
  }

  release({ chunk }: Head): void {
    chunk.heads -= 1;
    if (chunk.heads > 0) return;
    chunk.used = 0;
    const isSpare = chunk !== this.current && chunk.bytes.length === CHUNK_BYTES;
    if (isSpare && this.idle.length < IDLE_CHUNKS_MAX) this.idle.push(chunk);
  }
}

export interface Head {
  readonly bytes: Buffer;
  readonly chunk: Chunk;
}

interface Chunk {
  readonly bytes: Buffer;
  used: number;
  heads: number;
}

/** Some sixty heads of 512 spans. */
const CHUNK_BYTES = 256 * 1024;
const IDLE_CHUNKS_MAX = 4;

function createChunk(sizeBytes: number): Chunk {
  return { bytes: Buffer.allocUnsafeSlow(sizeBytes), used: 0, heads: 0 };
}
