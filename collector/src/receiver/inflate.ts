import { promisify } from "node:util";
import zlib from "node:zlib";
import { LensError } from "@lensai/otel-config/errors";
import {
  INFLATE_CHUNK_BYTES_MAX,
  INFLATE_CHUNK_BYTES_MIN,
  SYNC_INFLATE_BYTES_MAX,
  ZSTD_WINDOW_LOG_MAX,
} from "./limits.ts";

export type ContentEncoding = "identity" | "gzip" | "zstd" | "deflate";

const ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([
  ["", "identity"],
  ["identity", "identity"],
  ["gzip", "gzip"],
  // RFC 9110 section 8.4.1.3: a recipient should consider "x-gzip" to be "gzip".
  ["x-gzip", "gzip"],
  ["zstd", "zstd"],
  ["deflate", "deflate"],
]);

/** Reads a Content-Encoding header. Throws LensError `ingest.encoding_unsupported`. */
export function contentEncodingOf(header: string | undefined): ContentEncoding {
  const encoding = ENCODINGS.get((header ?? "").trim().toLowerCase());
  if (encoding === undefined) {
    throw new LensError(
      "ingest.encoding_unsupported",
      `content-encoding "${(header ?? "").slice(0, 40)}" is not supported; send gzip, zstd, deflate or identity`,
    );
  }
  return encoding;
}

interface Codec {
  readonly sync: (bytes: Uint8Array, options: zlib.ZlibOptions & zlib.ZstdOptions) => Buffer;
  readonly pooled: (
    bytes: Uint8Array,
    options: zlib.ZlibOptions & zlib.ZstdOptions,
  ) => Promise<Buffer>;
  /** The size that the sender announces, when the format can. */
  readonly announcedBytes: (bytes: Uint8Array) => number | undefined;
}

const CODECS: Readonly<Record<Exclude<ContentEncoding, "identity">, Codec>> = {
  gzip: {
    sync: zlib.gunzipSync,
    pooled: promisify(zlib.gunzip),
    announcedBytes: gzipTrailerBytes,
  },
  deflate: {
    sync: zlib.inflateSync,
    pooled: promisify(zlib.inflate),
    announcedBytes: () => undefined,
  },
  zstd: {
    sync: zlib.zstdDecompressSync,
    pooled: promisify(zlib.zstdDecompress),
    announcedBytes: zstdHeaderBytes,
  },
};

/** Deflate cannot do better; a trailer that claims more lies. */
const DEFLATE_RATIO_MAX = 1032;

/**
 * Is the body, by its size or by what it announces, so large that inflating it would hold up the
 * acknowledgements of others?
 */
export function isForPool(wire: Uint8Array, encoding: ContentEncoding): boolean {
  if (encoding === "identity" || wire.length === 0) return false;
  const announced = CODECS[encoding].announcedBytes(wire) ?? wire.length * 4;
  return wire.length >= SYNC_INFLATE_BYTES_MAX || announced >= INFLATE_CHUNK_BYTES_MAX;
}

/**
 * Inflates a body at once, in one output buffer of the announced size. The limit holds while inflating, so
 * that a bomb costs at most `sizeBytesMax` of memory.
 *
 * Throws LensError `ingest.body_too_large` or `ingest.body_malformed`.
 */
export function inflateNow(
  wire: Uint8Array,
  encoding: ContentEncoding,
  sizeBytesMax: number,
): Uint8Array {
  if (encoding === "identity" || wire.length === 0) return wire;
  try {
    return CODECS[encoding].sync(wire, optionsFor(wire, encoding, sizeBytesMax));
  } catch (error) {
    throw toInflateError(error, encoding, sizeBytesMax);
  }
}

/** The same in the thread pool. The caller limits how many of these run side by side. */
export async function inflateInPool(
  wire: Uint8Array,
  encoding: ContentEncoding,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  if (encoding === "identity" || wire.length === 0) return wire;
  try {
    return await CODECS[encoding].pooled(wire, optionsFor(wire, encoding, sizeBytesMax));
  } catch (error) {
    throw toInflateError(error, encoding, sizeBytesMax);
  }
}

function optionsFor(
  wire: Uint8Array,
  encoding: Exclude<ContentEncoding, "identity">,
  sizeBytesMax: number,
): zlib.ZlibOptions & zlib.ZstdOptions {
  const announced = CODECS[encoding].announcedBytes(wire) ?? wire.length * 4;
  const believable = Math.min(announced, wire.length * DEFLATE_RATIO_MAX);
  return {
    maxOutputLength: sizeBytesMax,
    chunkSize: chunkBytes(believable, sizeBytesMax),
    ...(encoding === "zstd" && { params: ZSTD_PARAMS }),
  };
}

const ZSTD_PARAMS = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };

/** One byte more than needed, because zlib asks for another buffer when the last one is exactly full. */
function chunkBytes(expectedBytes: number, sizeBytesMax: number): number {
  const capped = Math.min(expectedBytes + 1, sizeBytesMax + 1, INFLATE_CHUNK_BYTES_MAX);
  return Math.max(capped, INFLATE_CHUNK_BYTES_MIN);
}

/** RFC 1952 section 2.3.1: the last four bytes are the size modulo 2^32, little-endian. */
function gzipTrailerBytes(wire: Uint8Array): number | undefined {
  if (wire.length < 18) return undefined;
  return new DataView(wire.buffer, wire.byteOffset, wire.length).getUint32(wire.length - 4, true);
}

const ZSTD_MAGIC = 0xfd2fb528;

/** RFC 8878 section 3.1.1.1: Frame_Content_Size of the first frame. */
function zstdHeaderBytes(wire: Uint8Array): number | undefined {
  if (wire.length < 18) return undefined;
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function toInflateError(error: unknown, encoding: ContentEncoding, sizeBytesMax: number): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_BUFFER_TOO_LARGE") {
    return new LensError(
      "ingest.body_too_large",
      `the body inflates to more than ${sizeBytesMax} bytes; send smaller batches`,
    );
  }
  if (code === undefined || !/^(?:Z_|ZSTD_)/.test(code)) return error as Error;
  return new LensError("ingest.body_malformed", `${encoding}: ${reasonOf(code, message)}`);
}

function reasonOf(code: string, message: string): string {
  if (message === "incorrect header check" || code === "ZSTD_error_prefix_unknown") {
    return "invalid header; the body is not what content-encoding says";
  }
  if (code === "Z_BUF_ERROR" || code === "ZSTD_error_srcSize_wrong") return "the body is cut short";
  return `the body is damaged (${message})`;
}
