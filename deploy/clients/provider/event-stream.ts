import { crc32 } from "node:zlib";

/**
 * One message of application/vnd.amazon.eventstream: lengths, CRC of the lengths, headers of type string,
 * JSON payload, CRC of everything. All numbers are big-endian.
 */
export function eventStreamMessage(eventType: string, payload: unknown): Buffer {
  const headers = Buffer.concat([
    stringHeader(":event-type", eventType),
    stringHeader(":content-type", "application/json"),
    stringHeader(":message-type", "event"),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + headers.length + body.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, headers, body]);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32(message));
  return Buffer.concat([message, end]);
}

const STRING_TYPE = 7;

function stringHeader(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([Buffer.byteLength(name)]),
    Buffer.from(name),
    Buffer.from([STRING_TYPE]),
    length,
    Buffer.from(value),
  ]);
}
