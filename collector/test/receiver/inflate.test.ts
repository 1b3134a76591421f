import zlib from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contentEncodingOf,
  inflateInPool,
  inflateNow,
  isForPool,
} from "../../src/receiver/inflate.ts";
import type { ContentEncoding } from "../../src/receiver/inflate.ts";
import { INFLATE_CHUNK_BYTES_MIN } from "../../src/receiver/limits.ts";

const COMPRESS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  zstd: zlib.zstdCompressSync,
} as const;
const ENCODINGS = ["gzip", "deflate", "zstd"] as const;
const MIB = 1024 * 1024;

/** As the receiver chooses. */
const inflate = (
  wire: Uint8Array,
  encoding: ContentEncoding,
  sizeBytesMax: number,
): Uint8Array | Promise<Uint8Array> =>
  (isForPool(wire, encoding) ? inflateInPool : inflateNow)(wire, encoding, sizeBytesMax);

test.each(ENCODINGS)(
  "%s gives back what was compressed, at every size around a buffer",
  async (encoding) => {
    const sizes = [0, 1, 255, 256, 65_791, 65_792].concat(
      [-1, 0, 1].map((step) => INFLATE_CHUNK_BYTES_MIN + step),
      [-1, 0, 1].map((step) => 3 * INFLATE_CHUNK_BYTES_MIN + step),
    );
    for (const size of sizes) {
      const bytes = Buffer.alloc(size, "abc");
      const inflated = await inflate(COMPRESS[encoding](bytes), encoding, MIB);
      expect([size, bytes.equals(inflated)]).toEqual([size, true]);
    }
  },
);

test("identity and an empty body are handed through", () => {
  const bytes = Buffer.from("abc");
  expect(inflate(bytes, "identity", MIB)).toBe(bytes);
  for (const encoding of ENCODINGS) expect(inflate(Buffer.alloc(0), encoding, MIB)).toHaveLength(0);
});

test.each(ENCODINGS)("the limit of %s holds to the byte", (encoding) => {
  const wire = COMPRESS[encoding](Buffer.alloc(100_000));
  expect(inflate(wire, encoding, 100_000)).toHaveLength(100_000);
  expect(() => inflate(wire, encoding, 99_999)).toThrow(
    expect.objectContaining({ code: "ingest.body_too_large" }),
  );
});

test("a gzip trailer that lies about the size is found out", async () => {
  const wire = zlib.gzipSync(Buffer.alloc(1000));
  for (const claimed of [0, 999, 0xffff_ffff]) {
    wire.writeUInt32LE(claimed, wire.length - 4);
    expect(await outcomeOf(wire, "gzip")).toBe("ingest.body_malformed");
  }
});

test("several gzip members in a row are one body", () => {
  const wire = Buffer.concat([zlib.gzipSync("a"), zlib.gzipSync("b")]);
  expect(Buffer.from(inflate(wire, "gzip", MIB) as Uint8Array).toString()).toBe("ab");
});

describe("any bytes under any encoding are inflated or refused with a LensError", () => {
  test.each(ENCODINGS)("%s", async (encoding) => {
    const start = COMPRESS[encoding](Buffer.alloc(500, "abcdefg"));
    const mutated = fc
      .tuple(fc.nat({ max: start.length - 1 }), fc.nat({ max: 255 }))
      .map(([at, byte]) => Uint8Array.from(start, (old, index) => (index === at ? byte : old)));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), async (wire) => {
        expect(await outcomeOf(wire, encoding)).toMatch(/^(?:inflated|ingest\.body_malformed)$/);
      }),
    );
  });
});

async function outcomeOf(wire: Uint8Array, encoding: (typeof ENCODINGS)[number]): Promise<string> {
  try {
    await inflate(wire, encoding, MIB);
    return "inflated";
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

test("a zstd window above 8 MiB is refused: it would only cost memory", async () => {
  const windowLog = (log: number): Buffer =>
    zlib.zstdCompressSync(Buffer.alloc(9 * MIB, "ab"), {
      params: {
        [zlib.constants.ZSTD_c_windowLog]: log,
        [zlib.constants.ZSTD_c_contentSizeFlag]: 0,
      },
    });
  expect(await inflate(windowLog(23), "zstd", 16 * MIB)).toHaveLength(9 * MIB);
  expect(() => inflate(windowLog(24), "zstd", 16 * MIB)).toThrow(/^zstd: /);
});

test.each([
  [undefined, "identity"],
  ["", "identity"],
  [" GZip ", "gzip"],
  ["x-gzip", "gzip"],
  ["zstd", "zstd"],
  ["deflate", "deflate"],
])("reads content-encoding %j", (header, encoding) => {
  expect(contentEncodingOf(header)).toBe(encoding);
});
