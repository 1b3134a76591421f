import { ByteBuffer } from "./byte-buffer.ts";
import { MAX_VARINT_BYTES, writeVarint, zigzag } from "./varint.ts";

const TYPE = { true: 1, false: 2, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** Element types of the lists that Parquet's metadata uses. */
export type ThriftListType = "i32" | "binary" | "struct";

const encoder = new TextEncoder();

/**
 * Writes the thrift compact protocol, as far as Parquet's metadata needs it: fields in ascending order,
 * numbers up to 2^52 (offsets and counts).
 */
export class ThriftCompactWriter {
  readonly buffer = new ByteBuffer();
  readonly #outerFields: number[] = [];
  #lastField = 0;

  reset(): void {
    this.buffer.reset();
    this.#outerFields.length = 0;
    this.#lastField = 0;
  }

  bool(field: number, value: boolean): void {
    this.#field(field, value ? TYPE.true : TYPE.false);
  }

  i16(field: number, value: number): void {
    this.#field(field, TYPE.i16);
    this.#zigzag(value);
  }

  i32(field: number, value: number): void {
    this.#field(field, TYPE.i32);
    this.#zigzag(value);
  }

  i64(field: number, value: number): void {
    this.#field(field, TYPE.i64);
    this.#zigzag(value);
  }

  binary(field: number, value: Uint8Array | string): void {
    this.#field(field, TYPE.binary);
    this.#bytes(value);
  }

  /** A field that is a structure: write its fields in `body`. */
  struct(field: number, body: () => void): void {
    this.#field(field, TYPE.struct);
    this.element(body);
  }

  /** A structure without a field header: the outermost one, or an element of a list. */
  element(body: () => void): void {
    this.#outerFields.push(this.#lastField);
    this.#lastField = 0;
    body();
    this.#byte(0);
    this.#lastField = this.#outerFields.pop() ?? 0;
  }

  /** The header of a list field; `length` elements must follow. */
  list(field: number, type: ThriftListType, length: number): void {
    this.#field(field, TYPE.list);
    if (length < 15) {
      this.#byte((length << 4) | TYPE[type]);
      return;
    }
    this.#byte(0xf0 | TYPE[type]);
    this.#varint(length);
  }

  i32List(field: number, values: readonly number[]): void {
    this.list(field, "i32", values.length);
    for (const value of values) this.#zigzag(value);
  }

  binaryList(field: number, values: readonly string[]): void {
    this.list(field, "binary", values.length);
    for (const value of values) this.#bytes(value);
  }

  #field(field: number, type: number): void {
    const step = field - this.#lastField;
    if (step > 0 && step < 16) {
      this.#byte((step << 4) | type);
    } else {
      this.#byte(type);
      this.#zigzag(field);
    }
    this.#lastField = field;
  }

  #bytes(value: Uint8Array | string): void {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    this.#varint(bytes.length);
    this.buffer.append(bytes);
  }

  #zigzag(value: number): void {
    this.#varint(zigzag(value));
  }

  #varint(value: number): void {
    const bytes = this.buffer.reserve(MAX_VARINT_BYTES);
    this.buffer.length = writeVarint(bytes, this.buffer.length, value);
  }

  #byte(value: number): void {
    this.buffer.reserve(1)[this.buffer.length] = value;
    this.buffer.length += 1;
  }
}
