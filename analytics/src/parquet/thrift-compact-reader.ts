/** Structures deeper than this are not Parquet metadata. */
const MAX_DEPTH = 16;
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const;
/** Longest varint of 64 bits. */
const MAX_VARINT_BYTES = 10;

export interface ThriftField {
  readonly id: number;
  readonly type: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the thrift compact protocol from the front of `bytes`: the caller takes the fields that it wants
 * and skips the others. Throws RangeError for bytes that are not well-formed or end too early.
 */
export class ThriftCompactReader {
  readonly #bytes: Uint8Array;
  readonly #outerFields: number[] = [];
  #at = 0;
  #lastField = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Calls `visit` for each field of the structure at the cursor; it must read or skip the value. */
  struct(visit: (field: ThriftField) => void): void {
    if (this.#outerFields.length === MAX_DEPTH) throw new RangeError("thrift nests too deeply");
    this.#outerFields.push(this.#lastField);
    this.#lastField = 0;
    for (let field = this.#field(); field !== undefined; field = this.#field()) visit(field);
    this.#lastField = this.#outerFields.pop() ?? 0;
  }

  /** Calls `visit` for each element of the list at the cursor; it must read or skip the element. */
  list(visit: (type: number) => void): void {
    const header = this.#byte();
    const type = header & 15;
    const length = header >>> 4 === 15 ? this.#varint() : header >>> 4;
    // an element takes at least one byte: a larger claim is a lie
    if (length > this.#bytes.length - this.#at) throw new RangeError("thrift list is cut off");
    for (let index = 0; index < length; index += 1) visit(type);
  }

  /** An i16, i32 or i64 that is a safe integer. */
  integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    const length = this.#varint();
    const from = this.#skipBytes(length);
    try {
      return decoder.decode(this.#bytes.subarray(from, from + length));
    } catch {
      throw new RangeError("thrift text is not UTF-8");
    }
  }

  skip(type: number): void {
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        return;
      case TYPE.byte:
        this.#skipBytes(1);
        return;
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        this.#skipVarint();
        return;
      case TYPE.double:
        this.#skipBytes(8);
        return;
      case TYPE.binary:
        this.#skipBytes(this.#varint());
        return;
      case TYPE.list:
      case TYPE.set:
        this.list((element) => this.#skipElement(element));
        return;
      case TYPE.struct:
        this.struct((field) => this.skip(field.type));
        return;
      default:
        throw new RangeError(`thrift type ${type} is unknown`);
    }
  }

  /** Truth values take a byte in a list, and none as a field. */
  #skipElement(type: number): void {
    if (type === TYPE.true || type === TYPE.false) this.#skipBytes(1);
    else this.skip(type);
  }

  #field(): ThriftField | undefined {
    const header = this.#byte();
    const type = header & 15;
    if (type === TYPE.stop) return undefined;
    const step = header >>> 4;
    const id = step === 0 ? this.integer() : this.#lastField + step;
    this.#lastField = id;
    return { id, type };
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      factor *= 128;
    }
    throw new RangeError("thrift number is too large");
  }

  #skipVarint(): void {
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) if (this.#byte() < 128) return;
    throw new RangeError("thrift number is too long");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError("thrift structure is cut off");
    this.#at += 1;
    return byte;
  }

  #skipBytes(count: number): number {
    const from = this.#at;
    if (count > this.#bytes.length - from) throw new RangeError("thrift value is cut off");
    this.#at += count;
    return from;
  }
}
