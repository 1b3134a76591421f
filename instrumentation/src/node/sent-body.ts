/** What of a request was written, as far as it is kept. */
export class SentBody {
  readonly #limit: number;
  #chunks: Buffer[] | undefined = [];
  #length = 0;

  /** More bytes than `limit` are not kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: unknown, encoding?: unknown): void {
    const bytes = bytesOf(chunk, encoding);
    if (bytes === undefined) return;
    this.#length += bytes.length;
    if (this.#length > this.#limit) this.#chunks = undefined;
    else this.#chunks?.push(bytes);
  }

  /** In bytes, kept or not. */
  get length(): number {
    return this.#length;
  }

  text(): string | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks).toString();
  }
}

function bytesOf(chunk: unknown, encoding: unknown): Buffer | undefined {
  if (typeof chunk === "string") {
    return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
  }
  // Copied: whoever wrote it may use the memory again.
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}
