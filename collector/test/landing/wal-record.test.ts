import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  RECORD_HEADER_BYTES,
  encodeHead,
  headBytes,
  readBody,
  readHeader,
  seenOf,
} from "../../src/landing/wal-record.ts";
import type {
  RecordHeader,
  SegmentIdentity,
  WalRecordInput,
} from "../../src/landing/wal-record.ts";
import { recordOf } from "./test-rows.ts";

const SEGMENT: SegmentIdentity = { number: 42, saltLow: 0xdeadbeef, saltHigh: 7 };

function encode(record: WalRecordInput, segment = SEGMENT): Buffer {
  const head = Buffer.alloc(headBytes(record), 0xff);
  encodeHead(head, record, segment);
  return Buffer.concat([head, record.payload]);
}

const words = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 20 });
const bytes = (length: { minLength?: number; maxLength: number }): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array(length);

const anyRecord: fc.Arbitrary<WalRecordInput> = fc.record({
  projectId: fc.string({ unit: "grapheme", maxLength: 60 }),
  apiKeyId: fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
  receivedAtMs: fc.integer({ min: 0, max: 4e12 }),
  signal: fc.constantFrom("traces", "logs", "metrics"),
  contentPolicy: fc.constantFrom("redacted", "off"),
  batchId: bytes({ minLength: 16, maxLength: 16 }),
  masked: fc.boolean(),
  encoding: fc.constantFrom("identity", "gzip", "zstd", "deflate"),
  rowCount: fc.integer({ min: 0, max: 65_536 }),
  skippedOrdinals: words.map((list) => Uint32Array.from(list)),
  spanHashes: words.map((list) => Uint32Array.from(list)),
  priceVersion: fc.option(fc.string({ minLength: 1, maxLength: 90 }), { nil: undefined }),
  payload: bytes({ maxLength: 300 }),
});

describe("a WAL record", () => {
  test("reads back as it was written, whatever it holds", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const encoded = encode(record);
        const header = readHeader(encoded, SEGMENT) as RecordHeader;
        const body = encoded.subarray(RECORD_HEADER_BYTES);
        const read = readBody(body, header);
        expect(read).toEqual({ ...record, payload: Buffer.from(record.payload) });
      }),
    );
  });

  test("gives the seen window its ids without the rest", () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const { batchId, receivedAtMs, spanHashes } = seenOf(encode(record));
        expect(Uint8Array.from(batchId)).toEqual(record.batchId);
        expect(receivedAtMs).toBe(record.receivedAtMs);
        expect(spanHashes).toEqual(record.spanHashes);
      }),
    );
  });

  test("with any bit flipped is no record any more", () => {
    const encoded = encode(recordOf(["00000000000000aa", "00000000000000bb"]));
    for (let bit = 0; bit < encoded.length * 8; bit += 1) {
      const damaged = Buffer.from(encoded);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const header = readHeader(damaged, SEGMENT);
      const read =
        typeof header === "string"
          ? undefined
          : readBody(damaged.subarray(RECORD_HEADER_BYTES), header);
      expect(read).toBeUndefined();
    }
  });

  test.each([
    ["another number", { ...SEGMENT, number: 43 }],
    ["another salt", { ...SEGMENT, saltLow: 1 }],
    ["another salt (high word)", { ...SEGMENT, saltHigh: 8 }],
  ])("of a use of the file under %s is foreign", (_, segment) => {
    expect(readHeader(encode(recordOf(["1"])), segment)).toBe("foreign");
  });

  test("in the format of a later version is told apart from a damaged one", () => {
    const encoded = encode(recordOf(["1"]));
    const damaged = Buffer.from(encoded);
    damaged[4] = 2;
    expect(readHeader(damaged, SEGMENT)).toBe("damaged");
    expect(readHeader(encoded.subarray(0, RECORD_HEADER_BYTES - 1), SEGMENT)).toBe("foreign");
    expect(readHeader(Buffer.alloc(RECORD_HEADER_BYTES), SEGMENT)).toBe("foreign");
  });

  test("keeps the layout of format version 1", () => {
    const record = recordOf(["00000000000000aa"], {
      apiKeyId: "key_1",
      skippedOrdinals: Uint32Array.of(3),
      masked: true,
      encoding: "zstd",
      signal: "logs",
      contentPolicy: "off",
    });
    expect(encode(record).toString("hex")).toMatchInlineSnapshot(
      `"4c57414c010000002a000000efbeadde0700000048000000100000005b333779523ffcee010102030000c006450c7a42e430aff492369790329b8a912f8ee2f0010000000700000005000000010000000200000003000000aa0000000000000064656661756c746b65795f3130303030303030303030303030306161"`,
    );
  });
});
