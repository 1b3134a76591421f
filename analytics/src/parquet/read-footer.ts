import { MAGIC } from "./parquet-format.ts";
import { ThriftCompactReader } from "./thrift-compact-reader.ts";

export interface ParquetFooter {
  readonly rows: number;
  /** Key-value pairs of the footer. */
  readonly metadata: Record<string, string>;
}

/** What a Parquet file says about itself; undefined when the bytes are not a complete Parquet file. */
export function readFooter(bytes: Uint8Array): ParquetFooter | undefined {
  const lengthAt = bytes.length - MAGIC.length - 4;
  if (lengthAt < MAGIC.length) return undefined;
  if (!hasMagic(bytes, 0) || !hasMagic(bytes, lengthAt + 4)) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset + lengthAt, 4).getUint32(0, true);
  if (length > lengthAt - MAGIC.length) return undefined;
  try {
    return parseFooter(bytes.subarray(lengthAt - length, lengthAt));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function hasMagic(bytes: Uint8Array, at: number): boolean {
  return MAGIC.every((byte, index) => bytes[at + index] === byte);
}

function parseFooter(footer: Uint8Array): ParquetFooter | undefined {
  const thrift = new ThriftCompactReader(footer);
  const pairs: [string, string][] = [];
  let rows: number | undefined;
  thrift.struct(({ id, type }) => {
    if (id === 3) rows = thrift.integer();
    else if (id === 5) thrift.list(() => pairs.push(readKeyValue(thrift)));
    else thrift.skip(type);
  });
  return rows === undefined ? undefined : { rows, metadata: Object.fromEntries(pairs) };
}

function readKeyValue(thrift: ThriftCompactReader): [string, string] {
  let key = "";
  let value = "";
  thrift.struct(({ id, type }) => {
    if (id === 1) key = thrift.text();
    else if (id === 2) value = thrift.text();
    else thrift.skip(type);
  });
  return [key, value];
}
